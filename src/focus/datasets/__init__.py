"""The data sets as they lie on disk, the Deep3D crop, packed arrays, augmentation and mesh files.

Reading order: `sample` (the one type everything yields), `images`, then a file per data set (`celebamask_hq`, `ar`,
`now`), then `landmark_table`, `crop`, `packed`, `augmentation`; `meshes` reads scans and predictions (`obj`,
`ply`, `polygons`). Import from the
modules: this file names nothing, so that a stage depends on the files it uses and on no others.
"""
