/** Flags of Node for Jest: its loader of ES modules needs the first, and Node's warning about that says nothing new. */
export const TEST_FLAGS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
