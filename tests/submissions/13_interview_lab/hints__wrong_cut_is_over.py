# marks: 1  mistake: cut_is_over
def hints(potential, last, ended, final, discount):
    after = np.vstack([potential[1:], last])
    return discount * np.where(ended > 0, 0.0, after) - potential
