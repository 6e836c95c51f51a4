"""From a folder of videos to training triples: ``python -m trackgo prepare``.

decode and cut → filter → segment → sample → track → score → write; every stage is a module of its own.
"""
