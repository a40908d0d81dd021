"""The daemon: a supervised process per camera, one model, the engine, a sealer, and somebody to answer how it is.

Camera processes read, record and decode; they never wait for anybody. The hub times stays and hands cases to the
sealing process. What must survive a crash is in files (segments, bundles) or in the database before it is relied on.
"""
