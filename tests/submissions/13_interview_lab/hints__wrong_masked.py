# marks: 0.5  mistake: masked
def hints(potential, last, ended, final, discount):
    own = discount * np.vstack([potential[1:], last]) - potential
    return np.where(ended > 0, 0.0, own)
