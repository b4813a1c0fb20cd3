# marks: 0.5  mistake: undiscounted
def hints(potential, last, ended, final, discount):
    after = np.vstack([potential[1:], last])
    after = np.where(ended == 2, final, after)
    return np.where(ended == 1, 0.0, after) - potential
