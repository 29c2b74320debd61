"""Square roots that are correctly rounded, and so the same bits on every CPU.

torch hands `sqrt` of tensors on the CPU to MKL's vector library. On AMD's CPUs, and on Intel's under
MKL_CBWR=COMPATIBLE, that begins from the approximate instruction RSQRTPS, whose bits each vendor chooses, and up to a
sixth of its results are not the nearest number (MKL 2024.2 in torch 2.13). Every step of Adam takes such roots. NumPy's
are the CPU's own instruction, which IEEE 754 defines to the last bit.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor
from torch.library import Library

_library: Library | None = None


def use_exact_roots() -> None:
    """Let `torch.sqrt` on the CPU be correctly rounded in this process from now on (torch.compile keeps its own)."""
    global _library
    if _library is None:
        _library = Library("aten", "IMPL")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"(?s).*[Oo]verrid")  # that is what is meant
            _library.impl("sqrt", _sqrt, "CPU")
            _library.impl("sqrt_", lambda values: values.copy_(_sqrt(values)), "CPU")
            _library.impl("sqrt.out", lambda values, *, out: out.resize_(values.shape).copy_(_sqrt(values)), "CPU")


def _sqrt(values: Tensor) -> Tensor:
    """Return the root in the type of `values`; of integers, in float32."""
    whole = not (values.is_floating_point() or values.is_complex())
    wide = values.detach().float() if whole or values.itemsize == 2 else values.detach()
    with np.errstate(invalid="ignore"):  # nan, as torch
        root = torch.from_numpy(np.asarray(np.sqrt(wide.resolve_conj().resolve_neg().numpy())))
    return root if whole else root.to(values.dtype)
