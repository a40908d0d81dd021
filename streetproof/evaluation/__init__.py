"""How well events fit a truth: who matches whom, and the figures that follow. Pure: values in, values out."""
