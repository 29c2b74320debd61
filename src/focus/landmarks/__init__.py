"""Who finds the 68 landmarks: face-alignment, or the embedded heat-map network, behind one interface."""

from focus.landmarks.detector import Detection, Detector
from focus.landmarks.heatmap import HeatmapDetector, HeatmapNetwork, Pyramid

__all__ = ["Detection", "Detector", "HeatmapDetector", "HeatmapNetwork", "Pyramid"]
