"""Time stamps of an authority that is not us: that something existed at a time, whatever the server's clock says."""
