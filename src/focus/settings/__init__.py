"""params.yaml and the profile it names, as typed and validated settings.

The only reader of both files. A stage asks for its own sections and keys (`load`), the ones dvc.yaml tracks for it: the
fields of a class of its own (`StageSettings`). It cannot reach any other. Units stand in the field descriptions.
`json_schemas` gives the schemas in workflow/schemas.
"""

from focus.settings.assets import Assets
from focus.settings.base import Section
from focus.settings.loading import (
    json_schemas,
    keys_of,
    load,
    read_params,
    read_profile,
    read_yaml,
    sections_of,
    select,
    validate,
)
from focus.settings.params import (
    IMPORTED,
    Ablation,
    ConstantMask,
    Corrected,
    External,
    InstanceWise,
    Lists,
    Method,
    Params,
    Picture,
    PictureRow,
    Reference,
    Variant,
)
from focus.settings.profile import (
    EM,
    Adaptation,
    AugmentationSettings,
    Compute,
    Datasets,
    Detector,
    Encoder,
    Evaluation,
    FaceModelSettings,
    Image,
    Initialise,
    InstanceFit,
    LossWeights,
    MaskScores,
    Optimiser,
    OutputScale,
    Pretrain,
    Profile,
    Recogniser,
    RecogniserNet,
    ReferenceFit,
    Render,
    SegmentationNet,
    Synthetic,
    Training,
)
from focus.settings.stage import (
    AutoencoderSettings,
    BatchSettings,
    Key,
    LossSettings,
    MethodSettings,
    NetworkSettings,
    ProvenanceSettings,
    RecogniserSettings,
    SegmentationSettings,
    StageSettings,
    TrainingSettings,
)
