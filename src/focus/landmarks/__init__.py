"""Who finds the 68 landmarks: MediaPipe's networks, face-alignment, a table, or the embedded heat-map network."""

from focus.landmarks.detector import Detection, Detector, Face, FaceFinder, largest
from focus.landmarks.heatmap import HeatmapDetector, HeatmapNetwork
from focus.landmarks.squares import Pyramid

__all__ = ["Detection", "Detector", "Face", "FaceFinder", "HeatmapDetector", "HeatmapNetwork", "Pyramid", "largest"]
