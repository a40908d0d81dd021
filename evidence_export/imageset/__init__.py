"""The image set (图片组, GA/T 832-2014) of what is parked: its pictures, the signs, and whom it hindered."""
