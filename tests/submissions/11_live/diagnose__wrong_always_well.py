# marks: 1.5
def diagnose(training, live):
    return "nothing", 0.0
