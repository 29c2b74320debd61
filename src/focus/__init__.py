"""FOCUS (CVPR 2023): robust model-based face reconstruction through weakly-supervised outlier segmentation."""
