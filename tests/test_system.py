import json
from importlib.metadata import version

from workbench.system import system_facts


def test_the_facts_of_this_machine() -> None:
    facts = system_facts()
    assert facts["packages"]["torch"] == version("torch")
    assert facts["memory"] > 2**20
    assert facts["threads"] >= 1
    assert json.loads(json.dumps(facts)) == facts
