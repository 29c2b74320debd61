"""From a photograph to a mesh: the tool that uses what the pipeline trained.

Reading order: `photos` (reading), `reconstructor` (R and S on crops, typed results),
`fit` (refinement on the photograph), `occlusion` (is this face covered?), `photo_view` (back into the photograph's
pixels), `overlay`, `texture`, `write` (files of a face), `batch` (many photographs), `names`
and `told` (its folders and lines), `bundle` (the one model file). Import from the modules.
"""
