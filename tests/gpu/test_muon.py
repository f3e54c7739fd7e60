import pytest
import torch

from tests.gpu.conftest import DEVICE
from workbench.training.muon import orthogonal

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("shape", [(3, 256, 256), (2, 512, 128), (2, 128, 512)])
def test_sixteen_bits_are_enough_to_orthogonalise(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 37
    found = orthogonal(matrices.to(DEVICE)).cpu()
    assert found.dtype == torch.float32
    assert (found - orthogonal(matrices)).norm() / found.norm() < 0.05
    assert float(torch.linalg.svdvals(found).max()) < 1.35
