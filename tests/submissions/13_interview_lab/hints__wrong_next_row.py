# marks: 0.5  mistake: next_row
def hints(potential, last, ended, final, discount):
    return discount * np.vstack([potential[1:], last]) - potential
