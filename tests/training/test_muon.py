import pytest
import torch
from torch.nn import Parameter

from workbench.training import muon
from workbench.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 48, 16), (2, 16, 48)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 37
    found = torch.linalg.svdvals(orthogonal(matrices))
    # Five steps of these coefficients bring all but the smallest into this band; that is all that the method asks.
    assert float(found.max()) < 1.3
    assert float(found.quantile(0.1)) > 0.6
    assert float(found.mean()) == pytest.approx(0.9, abs=0.15)


def test_directions_stay_as_they_are() -> None:
    matrix = torch.randn((1, 24, 24), generator=torch.Generator().manual_seed(2))
    left, _, right = torch.linalg.svd(matrix)
    turned = left.mT @ orthogonal(matrix) @ right.mT
    assert float((turned - torch.diag_embed(turned.diagonal(dim1=1, dim2=2))).abs().max()) < 1e-4
    assert float(turned.diagonal(dim1=1, dim2=2).min()) > 0


def test_matrices_beside_each_other_do_not_touch() -> None:
    matrices = torch.randn((4, 12, 20), generator=torch.Generator().manual_seed(3))
    together = orthogonal(matrices)
    for number in range(4):
        torch.testing.assert_close(together[number], orthogonal(matrices[number : number + 1])[0])
    torch.testing.assert_close(orthogonal(matrices.mT).mT, together)


def test_a_step_moves_each_weight_by_the_rate() -> None:
    weights = [Parameter(torch.zeros(8, 32)), Parameter(torch.zeros(8, 32)), Parameter(torch.zeros(16, 4))]
    for number, weight in enumerate(weights):
        weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(number)) * 10**number
    Muon(weights, rate=0.01, weight_decay=0.0).step()
    for weight in weights:
        # A semi-orthogonal update scaled so that its entries have about the size of AdamW's.
        rms = float(weight.detach().square().mean().sqrt())
        assert rms == pytest.approx(0.01 * 0.2, rel=0.3)


def test_momentum_remembers_and_a_weight_without_gradient_stays() -> None:
    weight, idle = Parameter(torch.zeros(4, 4)), Parameter(torch.ones(4, 4))
    muon = Muon([weight, idle], rate=0.1, weight_decay=0.5)
    weight.grad = torch.eye(4)
    muon.step()
    first = weight.detach().clone()
    weight.grad = torch.zeros(4, 4)
    muon.step()
    assert float((weight.detach() - first).abs().max()) > 0.01, "the second step is the memory of the first gradient"
    assert torch.equal(idle.detach(), torch.ones(4, 4))


def test_decay_shrinks_towards_zero() -> None:
    weight = Parameter(torch.full((4, 4), 2.0))
    weight.grad = torch.zeros(4, 4)
    Muon([weight], rate=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(weight.detach(), torch.full((4, 4), 1.9))


@pytest.mark.parametrize("at_once", [1, 2 * 8 * 32, 3 * 8 * 32 + 5])
def test_portions_change_nothing(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def stepped() -> list[torch.Tensor]:
        weights = [Parameter(torch.ones(8, 32)) for _ in range(5)]
        optimizer = Muon(weights, rate=0.01, weight_decay=0.1)
        for number, weight in enumerate(weights * 2):
            weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(number % 5))
            if number % 5 == 4:
                optimizer.step()
        return [weight.detach() for weight in weights]

    treated: list[int] = []

    def counted(matrices: torch.Tensor) -> torch.Tensor:
        treated.append(matrices.numel())
        return orthogonal(matrices)

    together = stepped()
    monkeypatch.setattr(muon, "orthogonal", counted)
    monkeypatch.setattr(muon, "AT_ONCE", at_once)
    for portion, whole in zip(stepped(), together, strict=True):
        torch.testing.assert_close(portion, whole)
    assert max(treated) <= max(at_once, 8 * 32)
    assert sum(treated) == 2 * 5 * 8 * 32
