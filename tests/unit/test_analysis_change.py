"""Change between waves against scipy: independent samples, panels, breaks, families of tests."""

import numpy as np
import pytest
from scipy import stats

from opinion_warehouse.analysis.change import MIN_BASE, Comparison, Estimates, Overlap, adjust, compare

W1, W2 = Estimates([0.40], [0.02], [25], [900]), Estimates([0.48], [0.015], [35], [900])


def of_independent(before: Estimates, after: Estimates) -> Comparison:
    """Waves that share nobody, and no break."""
    count = len(before.estimate)
    nobody = Overlap([False] * count, [None] * count, [None] * count)
    return compare(before, after, nobody, is_break=[False] * count)


def test_compare_independent_waves_equals_hand_computed() -> None:
    # .48 - .40 = .08; se = sqrt(.02^2 + .015^2) = .025; t = 3.2 on 25 + 35 df.
    found = of_independent(W1, W2)
    assert found.difference[0] == pytest.approx(0.08)
    assert found.standard_error[0] == pytest.approx(0.025)
    assert found.p_value[0] == pytest.approx(2 * stats.t.sf(3.2, 60), rel=1e-12)
    assert found.is_tested[0]


def test_compare_same_estimate_gives_p_of_one() -> None:
    assert of_independent(W1, W1).p_value[0] == pytest.approx(1.0)


def test_compare_panel_takes_the_error_and_freedom_of_those_asked_twice() -> None:
    found = compare(W1, W2, Overlap([True], [0.01], [40]), is_break=[False])
    assert found.difference[0] == pytest.approx(0.08)
    assert found.standard_error[0] == 0.01
    assert found.p_value[0] == pytest.approx(2 * stats.t.sf(8, 40), rel=1e-12)


@pytest.mark.parametrize(("error", "df"), [(None, 40), (0.01, 0), (None, None)])
def test_compare_panel_without_an_error_of_its_own_borrows_none(error: float | None, df: int | None) -> None:
    found = compare(W1, W2, Overlap([True], [error], [df]), is_break=[False])
    assert found.difference[0] == pytest.approx(0.08)
    assert np.isnan([found.standard_error[0], found.p_value[0]]).all()
    assert not found.is_tested[0]


def test_compare_break_has_no_difference_and_its_neighbour_has() -> None:
    twice = [Estimates(*(column * 2 for column in wave)) for wave in (W1, W2)]
    overlap = Overlap([False, True], [None, 0.01], [None, 40])
    found = compare(*twice, overlap, is_break=[False, True])
    assert not np.isnan(found.difference[0])
    assert np.isnan([found.difference[1], found.standard_error[1], found.p_value[1]]).all()
    assert found.is_tested.tolist() == [True, False]


@pytest.mark.parametrize(
    ("error_0", "df_0"), [(None, 25), (0.02, 0)], ids=["no standard error", "no degrees of freedom"]
)
def test_compare_without_margin_of_error_tests_nothing(error_0: float | None, df_0: int) -> None:
    found = of_independent(Estimates([0.4], [error_0], [df_0], [900]), W2)
    assert found.difference[0] == pytest.approx(0.08)
    assert np.isnan(found.standard_error[0]) and np.isnan(found.p_value[0])
    assert not found.is_tested[0]


@pytest.mark.parametrize("small", [0, 1], ids=["before", "after"])
def test_compare_cell_too_small_to_publish_has_p_and_is_no_part_of_the_family(small: int) -> None:
    waves = [W1, W2]
    waves[small] = waves[small]._replace(base=[MIN_BASE - 1])
    found = of_independent(*waves)
    assert found.p_value[0] == pytest.approx(2 * stats.t.sf(3.2, 60), rel=1e-12)
    assert not found.is_tested[0]
    waves[small] = waves[small]._replace(base=[MIN_BASE])
    assert of_independent(*waves).is_tested[0]


def test_compare_zero_percent_twice_tests_nothing() -> None:
    nobody = Estimates([0.0], [0.0], [25], [900])
    found = of_independent(nobody, nobody)
    assert (found.difference[0], found.standard_error[0]) == (0.0, 0.0)
    assert np.isnan(found.p_value[0])
    assert not found.is_tested[0]


def test_adjust_family_equals_scipy() -> None:
    p = np.random.default_rng(7).uniform(size=200) ** 3
    assert adjust(p) == pytest.approx(stats.false_discovery_control(p, method="bh"), rel=1e-12)


def test_adjust_hand_computed_family_gives_known_numbers() -> None:
    assert adjust(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.04, 0.03, 0.04])


def test_adjust_untested_cells_are_no_part_of_the_family() -> None:
    adjusted = adjust(np.array([0.01, np.nan, 0.04]))
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])


def test_adjust_single_test_stays_as_it_is() -> None:
    assert adjust(np.array([0.03])) == pytest.approx([0.03])
