"""Every image judged by a model that has not seen it."""
from .measured import Measured
from .report import Summary
from .validate import CrossValidation, cross_validate

__all__ = ['CrossValidation', 'Measured', 'Summary', 'cross_validate']
