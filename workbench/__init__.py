"""InstructLab in notebooks: a person teaches a language model new knowledge and skills without leaving JupyterLab."""

__version__ = "0.1.0"
