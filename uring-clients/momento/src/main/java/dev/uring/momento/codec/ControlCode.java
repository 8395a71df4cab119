package dev.uring.momento.codec;

/** What a message is beside its contents. */
public enum ControlCode {
  /** A command or a reply. */
  NORMAL,
  /** The command of this id is given up; from a server: it will not be answered. */
  CANCEL,
  /** Nothing more comes for this id. */
  END;

  private static final ControlCode[] ALL = values();

  /**
   * The code of a number; one that is not known counts as {@link #NORMAL}.
   *
   * @param wire the number
   * @return the code
   */
  public static ControlCode of(long wire) {
    return wire > 0 && wire < ALL.length ? ALL[(int) wire] : NORMAL;
  }
}
