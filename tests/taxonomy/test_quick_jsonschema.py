import subprocess
import sys


def test_the_grammar_is_not_loaded_but_can_be() -> None:
    code = (
        "import sys, workbench.taxonomy.schemas; assert 'jsonschema' in sys.modules;"
        "assert not [name for name in sys.modules if name.startswith(('rfc3987_syntax', 'lark'))];"
        "import importlib.util; assert importlib.util.find_spec('rfc3987_syntax')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
