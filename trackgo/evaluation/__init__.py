"""How well a video follows its arrows, and how good it looks: ObjMC, FVD, FID, and a report to look at."""
