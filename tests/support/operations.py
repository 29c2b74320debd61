"""One line per library operation, with a hash of what it gives: what must be equal on every x86-64 machine.

python tests/support/operations.py [avx2 | native]

With `avx2` (the default) the libraries are held to it as in a stage. `qemu-x86_64 -cpu EPYC-Rome python …` shows what
another CPU computes: its emulation is exact to the bit.
"""

# ruff: noqa: E402, I001 - the libraries come after what they read as they load

from __future__ import annotations

import hashlib
import io
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    from focus.environment import isa

    isa.pin(sys.argv[1] if len(sys.argv) > 1 else "avx2")

import h5py
import igl
import numpy as np
import scipy.fft
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.sparse
import scipy.sparse.linalg
import scipy.spatial
import scipy.special
import torch
from kornia.filters import gaussian_blur2d
from PIL import Image
from torch.nn import functional

from benchmarks.steps import set_up
from focus.environment.roots import use_exact_roots
from focus.settings import read_profile

UNARY = ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "erf", "rsqrt", "sqrt")
# Not atan, log10, tan, acos, asin: like its sqrt, MKL's begin from approximate instructions in float32 or float64.
PRODUCTS = ((24, 257, 6000), (24, 192, 257), (64, 128, 150), (24, 3072, 256), (24, 3, 3), (2167, 40, 24), (1, 80, 900))
CONVOLUTIONS = ((24, 3, 8, 64, 3), (24, 16, 32, 16, 3), (24, 32, 16, 8, 1), (2, 8, 8, 33, 5))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(rng().standard_normal(shape)).to(dtype)


def torch_functions() -> list[torch.Tensor]:
    """Elementwise functions, in two precisions, contiguous and not."""
    found = []
    for dtype in (torch.float32, torch.float64):
        x = normal(3001, 2, dtype=dtype)
        found += [getattr(torch, name)(x.abs() + 0.1) for name in UNARY]
        found += [getattr(torch, name)(x[:, 0]) for name in ("exp", "sin", "cos", "tanh")]
        found += [torch.pow(x.abs(), 2.2), torch.atan2(x, x.flip(0)), functional.softplus(x), functional.gelu(x)]
    return found


def torch_sums() -> list[torch.Tensor]:
    """Sums, means, norms and the like, along each dimension."""
    x = normal(37, 1003)
    found = [x.sum(), x.mean(), x.std(), x.norm(), x.cumsum(1), x.softmax(1), x.logsumexp(0), x.median(), x.prod(1)]
    return [*found, x.sum(0), x.sum(1), x.var(0), functional.normalize(x), functional.cosine_similarity(x, x.flip(0))]


def torch_products() -> list[torch.Tensor]:
    """Matrix products of the demo's shapes, in both precisions and with either side transposed."""
    found = []
    for m, k, n in PRODUCTS:
        for dtype in (torch.float32, torch.float64):
            a, b = normal(m, k, dtype=dtype), normal(k, n, dtype=dtype)
            found += [a @ b, b.t() @ a.t(), a @ b[:, 0], torch.addmm(normal(n, dtype=dtype), a, b)]
    a, b = normal(24, 3, 3), normal(24, 3, 2000)
    return [*found, a @ b, torch.einsum("bk,knc->bnc", normal(24, 20), normal(20, 800, 3))]


def torch_linear_algebra() -> list[torch.Tensor]:
    """LAPACK and FFT by MKL."""
    a, b = normal(50, 8, dtype=torch.float64), normal(50, 2, dtype=torch.float64)
    square = normal(30, 30)
    return [
        *torch.linalg.svd(square),
        *torch.linalg.qr(square),
        *torch.linalg.eigh(square @ square.t()),
        torch.linalg.lstsq(a, b, driver="gels").solution,
        torch.linalg.solve(square, square[:, :2]),
        torch.linalg.cholesky(square @ square.t() + torch.eye(30)),
        torch.linalg.inv(square),
        torch.fft.rfft2(normal(64, 64)).real,
        torch.fft.fft(normal(60)).imag,
    ]


def torch_networks() -> list[torch.Tensor]:
    """Convolutions and what stands between them, with gradients."""
    found = []
    for count, inputs, outputs, side, kernel in CONVOLUTIONS:
        x, w = normal(count, inputs, side, side).requires_grad_(), normal(outputs, inputs, kernel, kernel)
        w.requires_grad_()
        for stride in (1, 2):
            y = functional.conv2d(x, w, stride=stride, padding=kernel // 2)
            y = functional.group_norm(functional.leaky_relu(y), 2)
            y = functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
            y = functional.batch_norm(functional.max_pool2d(y, 2), None, None, training=True)
            found += [y, *torch.autograd.grad(y.square().sum() * y.mean(), (x, w))]
    x, w = normal(2, 8, 9, 9), normal(8, 4, 4, 4)
    grid = normal(2, 12, 12, 2).tanh()
    found += [functional.conv_transpose2d(x, w, stride=2), functional.grid_sample(x, grid, align_corners=False)]
    return [*found, functional.layer_norm(x, (9, 9)), gaussian_blur2d(x, (5, 5), (1.0, 1.0))]


def numpy_functions() -> list[np.ndarray]:
    """NumPy's elementwise functions, sums and sorts."""
    found = []
    for dtype in (np.float32, np.float64):
        x = rng().standard_normal((501, 7)).astype(dtype)
        positive = np.abs(x) + dtype(0.1)
        names = ("exp", "log", "sin", "cos", "tan", "tanh", "arctan", "sqrt", "cbrt", "expm1", "log1p", "exp2", "sinh")
        found += [getattr(np, name)(positive) for name in names]
        found += [np.arcsin(np.tanh(x)), np.arccos(np.tanh(x)), np.arctan2(x, x[::-1]), positive**1.7, np.hypot(x, 1)]
        found += [x.sum(), x.sum(0), x.mean(1), x.std(), np.linalg.norm(x, axis=1), np.cumsum(x), np.median(x, 0)]
        found += [
            np.sort(x, 0),
            np.argsort(np.round(x, 1), 0, kind="stable"),
            np.percentile(x, 37.0),
            np.einsum("ij,ik->jk", x, x),
        ]
    return [*found, np.fft.rfft2(rng().standard_normal((30, 30)))]


def openblas() -> list[np.ndarray]:
    """Matrix products and LAPACK of NumPy and of SciPy, each with an OpenBLAS of its own."""
    found = []
    for m, k, n in PRODUCTS:
        for dtype in (np.float32, np.float64):
            a, b = (rng().standard_normal(shape).astype(dtype) for shape in ((m, k), (k, n)))
            found += [a @ b, b.T @ a.T, a @ b[:, 0], a[0] @ b]
    square = rng().standard_normal((60, 60))
    found += [*np.linalg.svd(square), np.linalg.inv(square), *np.linalg.eigh(square @ square.T), *np.linalg.qr(square)]
    found += [np.linalg.lstsq(square, square[:, 0])[0], scipy.linalg.solve(square, square[:, :3])]
    return [*found, *scipy.linalg.svd(square), scipy.linalg.cholesky(square @ square.T + np.eye(60))]


def scipy_functions() -> list[np.ndarray]:
    """What the data sets, the meshes and the report take from SciPy."""
    points = rng().standard_normal((400, 3))
    matrix = scipy.sparse.random_array((200, 200), density=0.05, rng=rng(), format="csc") + scipy.sparse.eye(200)
    rotation = scipy.spatial.transform.Rotation.from_euler("xyz", points[:50])
    return [
        scipy.spatial.Delaunay(points[:, :2]).simplices,
        scipy.spatial.ConvexHull(points).vertices,
        *scipy.spatial.cKDTree(points).query(points * 1.1, k=3),
        scipy.sparse.linalg.spsolve(scipy.sparse.csc_matrix(matrix), points[:200, 0]),
        rotation.as_matrix(),
        scipy.fft.dct(points),
        scipy.special.erf(points),
        scipy.special.gammaln(np.abs(points)),
        scipy.interpolate.CubicSpline(np.arange(400), points)(np.linspace(0, 399, 777)),
        scipy.ndimage.gaussian_filter(points, 2.0),
        scipy.ndimage.distance_transform_edt(points > 0),
    ]


def meshes() -> list[np.ndarray]:
    """Distances and nearest points of libigl."""
    points = rng().standard_normal((300, 3))
    surface = scipy.spatial.ConvexHull(points)
    squared, faces, nearest = igl.point_mesh_squared_distance(points * 1.3, points, surface.simplices.astype(np.int64))
    return [squared, faces, nearest, igl.per_vertex_normals(points, surface.simplices.astype(np.int64))]


def images() -> list[bytes | np.ndarray]:
    """Files that Pillow writes (JPEG, PNG) and reads, its resampling, and zlib's."""
    pixels = (rng().random((97, 131, 3)) * 255).astype(np.uint8)
    pixels[20:60] //= 16
    found: list[bytes | np.ndarray] = []
    for options in ({"format": "JPEG", "quality": 90}, {"format": "PNG"}, {"format": "PNG", "compress_level": 1}):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, **options)
        found += [stream.getvalue(), np.asarray(Image.open(stream))]
    for kernel in (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS):
        found.append(np.asarray(Image.fromarray(pixels).resize((50, 61), kernel)))
    return [*found, zlib.compress(pixels.tobytes(), 6)]


def hdf5() -> list[bytes]:
    """A compressed file of HDF5."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", track_order=False) as file:
        file.create_dataset("x", data=rng().standard_normal((200, 30)).round(1), compression="gzip", shuffle=True)
    return [stream.getvalue()]


def drawing() -> list[bytes]:
    """A figure of matplotlib."""
    from matplotlib.figure import Figure

    stream, figure = io.BytesIO(), Figure((3, 2))
    axes = figure.subplots()
    axes.plot(np.cumsum(rng().standard_normal(200)), label="curve $x^2$")
    axes.imshow(rng().random((9, 9)), extent=(0, 100, -5, 5), interpolation="bilinear")
    axes.legend()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return [stream.getvalue()]


def learning() -> list[np.ndarray]:
    """What calibration takes from scikit-learn."""
    from sklearn.linear_model import LogisticRegression

    x = rng().standard_normal((80, 3))
    model = LogisticRegression().fit(x, x[:, 0] + 0.3 * x[:, 1] > 0)
    return [model.coef_, model.predict_proba(x)]


def face_steps(profile: str, count: int) -> list[torch.Tensor]:
    """R, S, pre-training and initialisation at a profile's scale: a step of each, loss and gradients."""
    plan, device = read_profile(profile, ROOT), torch.device("cpu")
    setup = set_up(plan, count, device)
    autoencoder, found = setup.autoencoder, []
    objectives = {
        "initialise": (setup.reconstruction("robust"), autoencoder.encoder),
        "pretrain": (setup.pretraining(), setup.segmentation),
        "reconstruction": (setup.reconstruction(), autoencoder.encoder),
        "segmentation": (setup.segmenting(), setup.segmentation),
    }
    for objective, trained in objectives.values():
        loss, _ = objective(0)
        weights = [weight for weight in trained.parameters() if weight.requires_grad]
        found += [loss.detach(), *torch.autograd.grad(loss, weights, allow_unused=True)]
    return [each for each in found if each is not None]


OPERATIONS: dict[str, Callable[[], list]] = {
    "torch: elementwise functions": torch_functions,
    "torch: sums": torch_sums,
    "torch: matrix products": torch_products,
    "torch: linear algebra, FFT": torch_linear_algebra,
    "torch: convolutions, with gradients": torch_networks,
    "NumPy: functions, sums, sorts": numpy_functions,
    "NumPy, SciPy: OpenBLAS": openblas,
    "SciPy: geometry, sparse, filters": scipy_functions,
    "libigl: distances": meshes,
    "Pillow, zlib: files": images,
    "HDF5: a compressed file": hdf5,
    "matplotlib: a figure": drawing,
    "scikit-learn: logistic regression": learning,
    "FOCUS: a step of each kind, profile smoke": lambda: face_steps("smoke", 4),
    "FOCUS: a step of each kind, profile demo": lambda: face_steps("demo", 4),
}


def digest(parts: list) -> str:
    """Return a hash of arrays, tensors and bytes."""
    made = hashlib.sha256()
    for part in parts:
        array = part.detach().numpy() if isinstance(part, torch.Tensor) else part
        made.update(array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes())
    return made.hexdigest()[:16]


if __name__ == "__main__":
    torch.set_num_threads(1)
    use_exact_roots()
    for name, operation in OPERATIONS.items():
        print(f"{digest(operation())} {name}", flush=True)
