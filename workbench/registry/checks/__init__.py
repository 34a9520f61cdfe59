"""Checks of the register by rule packs: each rule is a condition in SQL over a staged copy, the same for one work and a million.

packs     what a rule says of itself, read from YAML and held to its form
staging   the copy: tables of the register in the calculator, from documents or from the whole book
derived   what rules are written in: share pictures, roles of a class, terms of protection
judging   rules run over the copy; findings, problems, and whether a work is distributable
"""
