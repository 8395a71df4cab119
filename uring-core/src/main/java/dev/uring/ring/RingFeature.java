package dev.uring.ring;

/** What a ring uses when the kernel has it and does without when it has not. */
public enum RingFeature {

  /** SQEs are taken in ring order, without the index array; since kernel 6.6. */
  NO_SQARRAY,

  /**
   * Enter names the ring by a registered index, which saves the kernel a descriptor look-up; since
   * kernel 5.18.
   */
  REGISTERED_RING_FD,

  /** A file is cut by an operation of the ring instead of a system call; since kernel 6.9. */
  FTRUNCATE
}
