"""Batch reprocessing: observe every recording in parallel, judge per camera in order, seal what fired.

Each of the three steps leaves finished files behind and none that are half: a run that is killed and started again
takes up where it was and ends with the same cases.
"""
