"""Content Credentials (C2PA) in copies that leave the department: where a picture found anywhere came from."""
