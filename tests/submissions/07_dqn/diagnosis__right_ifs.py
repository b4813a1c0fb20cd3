# marks: 6.0
def diagnosis(patient):
    last = {"C": "healthy", "E": "bootstraps through the end"}
    if patient == "B":
        return "rewards not scaled"
    if patient == "A":
        return "target never updated"
    if patient == "D":
        return " discount too small "
    return last.get(patient, "learning rate too large")
