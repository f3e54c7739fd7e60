from workbench.widgets.keyboard import own_keys


def test_it_keeps_keys_and_shows_nothing() -> None:
    assert "stopPropagation" in own_keys()._esm
