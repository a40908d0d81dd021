"""Whether a camera still shows what its zones were drawn on: pure, on small luma pictures, confirmed over time."""
