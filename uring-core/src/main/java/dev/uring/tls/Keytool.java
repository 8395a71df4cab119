package dev.uring.tls;

import dev.uring.worker.Worker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The JDK's program for keys and certificates, which is in every JDK and every image that
 * {@code jlink} makes.
 *
 * <p><i>Rejected:</i> a library. The JDK has no interface for making certificates, and those that
 * have one are megabytes that every program would carry for a certificate that none runs with.
 */
final class Keytool {
  private static final int SECONDS_MAX = 60;
  private static final int VALID_DAYS = 30;

  private Keytool() {}

  static TlsCredentials selfSigned(List<String> names) {
    if (Worker.current() != null) {
      throw new IllegalStateException(
          "TlsCredentials.selfSigned takes about a second, for which " + Worker.current()
              + " would stand still: call it before the runtime starts, or on another thread");
    }
    String password = UUID.randomUUID().toString();
    try {
      Path folder = Files.createTempDirectory("uring-tls");
      Path store = folder.resolve("development.p12");
      try {
        run(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "development",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-sigalg",
                "SHA256withECDSA",
                "-dname",
                "CN=" + names.getFirst() + ", O=development only",
                "-ext",
                "SAN=" + names.stream().map(Keytool::entry).collect(Collectors.joining(",")),
                "-ext",
                "KU=digitalSignature",
                "-ext",
                "EKU=serverAuth,clientAuth",
                "-validity",
                String.valueOf(VALID_DAYS),
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass:env",
                PASSWORD_VARIABLE),
            password);
        return TlsCredentials.pkcs12(store, password.toCharArray());
      } finally {
        Files.deleteIfExists(store);
        Files.delete(folder);
      }
    } catch (IOException failure) {
      throw refused("keytool cannot be run: " + failure.getMessage(), failure);
    }
  }

  // Not on the command line, where every user of the machine could read it.
  private static final String PASSWORD_VARIABLE = "URING_STORE_PASSWORD";

  private static void run(List<String> command, String password) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put(PASSWORD_VARIABLE, password);
    Process process = builder.start();
    process.getOutputStream().close();
    try {
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw refused("keytool failed: " + output, null);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw refused("interrupted while keytool ran", interrupted);
    } finally {
      process.destroy();
    }
  }

  private static String entry(String name) {
    boolean isAddress =
        name.indexOf(':') >= 0 || name.chars().allMatch(c -> c == '.' || c >= '0' && c <= '9');
    if (!name.chars().allMatch(c -> Character.isLetterOrDigit(c) || ".-_*:".indexOf(c) >= 0)) {
      throw refused("'" + name + "' is neither a host name nor an address", null);
    }
    return (isAddress ? "ip:" : "dns:") + name;
  }

  private static RuntimeException refused(String problem, Throwable cause) {
    return TlsSettings.refusal(
        "credentials", "no development certificate can be made: " + problem, cause);
  }
}
