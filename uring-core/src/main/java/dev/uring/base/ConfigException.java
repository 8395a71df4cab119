package dev.uring.base;

/** A configuration value outside its bound; thrown before anything is started. */
public final class ConfigException extends UringException {
  private static final long serialVersionUID = 1L;

  /** Name of the refused field. */
  private final String field;

  /**
   * A refused value.
   *
   * @param field name of the field
   * @param message the value, the bound and the remedy
   */
  public ConfigException(String field, String message) {
    super(message);
    this.field = field;
  }

  /**
   * The refused field.
   *
   * @return its name in {@code RuntimeConfig}
   */
  public String field() {
    return field;
  }
}
