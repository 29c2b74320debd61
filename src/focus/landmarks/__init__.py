"""Who finds the 68 landmarks: MediaPipe's networks, face-alignment, or somebody before us, whose table is given."""

from focus.landmarks.detector import Detector, Face, largest

__all__ = ["Detector", "Face", "largest"]
