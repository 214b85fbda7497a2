/* solve.h - solves a system of four linear equations: the normal equations of a fit with four unknowns. */
#ifndef MOTION_DETECTOR_SOLVE_H
#define MOTION_DETECTOR_SOLVE_H

/*
 * `rows` is symmetric and positive definite, with the right-hand side in column 4. It is destroyed. Gaussian
 * elimination needs no pivot for such a matrix.
 */
static inline void solve_four(double rows[4][5], double out[4])
{
	for (int j = 0; j < 4; j++)
		for (int l = j + 1; l < 4; l++) {
			double share = rows[l][j] / rows[j][j];

			for (int o = j; o < 5; o++)
				rows[l][o] -= share * rows[j][o];
		}
	for (int j = 3; j >= 0; j--) {
		out[j] = rows[j][4];
		for (int l = j + 1; l < 4; l++)
			out[j] -= rows[j][l] * out[l];
		out[j] /= rows[j][j];
	}
}

#endif
