# marks: 1  mistake: end_kept
def hints(potential, last, ended, final, discount):
    after = np.vstack([potential[1:], last])
    return discount * np.where(ended > 0, final, after) - potential
