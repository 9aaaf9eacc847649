"""Change between independent waves against scipy."""

import numpy as np
import pytest
from scipy import stats

from opinion_warehouse.analysis.change import Estimates, adjust, compare


def test_compare_independent_waves_equals_hand_computed() -> None:
    # .48 - .40 = .08; se = sqrt(.02^2 + .015^2) = .025; t = 3.2 on 25 + 35 df.
    found = compare(Estimates([0.40], [0.02], [25], [900]), Estimates([0.48], [0.015], [35], [900]))
    assert found.difference[0] == pytest.approx(0.08)
    assert found.standard_error[0] == pytest.approx(0.025)
    assert found.p_value[0] == pytest.approx(2 * stats.t.sf(3.2, 60), rel=1e-12)


def test_compare_same_estimate_gives_p_of_one() -> None:
    found = compare(Estimates([0.4], [0.02], [25], [900]), Estimates([0.4], [0.02], [25], [900]))
    assert found.p_value[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("error_0", "df_0"), [(None, 25), (0.02, 0)], ids=["no standard error", "no degrees of freedom"]
)
def test_compare_without_margin_of_error_tests_nothing(error_0: float | None, df_0: int) -> None:
    found = compare(Estimates([0.4], [error_0], [df_0], [900]), Estimates([0.5], [0.02], [25], [900]))
    assert found.difference[0] == pytest.approx(0.1)
    assert np.isnan(found.standard_error[0]) and np.isnan(found.p_value[0])


def test_compare_cell_too_small_to_publish_tests_nothing() -> None:
    found = compare(Estimates([0.4], [0.02], [25], [29]), Estimates([0.5], [0.02], [25], [900]))
    assert found.standard_error[0] == pytest.approx(0.02 * 2**0.5)
    assert np.isnan(found.p_value[0])


def test_compare_zero_percent_twice_tests_nothing() -> None:
    assert np.isnan(
        compare(Estimates([0.0], [0.0], [25], [900]), Estimates([0.0], [0.0], [25], [900])).p_value[0]
    )


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
