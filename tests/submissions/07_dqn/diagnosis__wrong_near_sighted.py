# marks: 4.0  mistake: near_sighted
def diagnosis(patient):
    found = {
        "A": "discount too small",
        "B": "rewards not scaled",
        "C": "healthy",
        "D": "target never updated",
        "E": "bootstraps through the end",
        "F": "learning rate too large",
    }
    return found[patient]
