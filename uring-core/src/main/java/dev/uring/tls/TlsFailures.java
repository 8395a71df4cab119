package dev.uring.tls;

import dev.uring.net.Connection;
import dev.uring.socket.Endpoint;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.HexFormat;

/** Words for what goes wrong: what the engine says, what is likely behind it, what to do. */
final class TlsFailures {
  static final int SHOWN_BYTES_MAX = 16;

  private TlsFailures() {}

  static String describe(Connection connection) {
    SocketAddress remote = connection.remoteAddress();
    return "connection "
        + (remote == null ? "with an unknown peer" : Endpoint.text(remote))
        + ", worker "
        + connection.worker().index();
  }

  static TlsHandshakeException handshake(Connection connection, Throwable failure) {
    return new TlsHandshakeException(
        text("TLS handshake failed", connection, rootText(failure), likely(failure)), failure);
  }

  static TlsException stream(Connection connection, Throwable failure) {
    return new TlsException(
        text("TLS stream failed", connection, rootText(failure), likelyInStream(failure)), failure);
  }

  static TlsHandshakeException tooSlow(Connection connection, Duration limit) {
    return new TlsHandshakeException(
        text(
            "TLS handshake failed",
            connection,
            "not finished within handshakeTimeout=" + limit,
            "the peer speaks no TLS and waits, or is overloaded."),
        null);
  }

  static TlsHandshakeException endedEarly(Connection connection, int keptBytes) {
    return new TlsHandshakeException(
        text(
            "TLS handshake failed",
            connection,
            "the peer finished in the middle of it"
                + (keptBytes > 0 ? ", after " + keptBytes + " bytes of a record" : ""),
            "it speaks no TLS, did not like what it was offered, or only looked whether somebody"
                + " listens."),
        null);
  }

  /** What bytes are that are no record. */
  static String notTls(byte[] first) {
    String ascii = new String(first, StandardCharsets.ISO_8859_1);
    for (String method : new String[] {"GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "CONNECT "}) {
      if (ascii.startsWith(method)) {
        return "peer sent a plain HTTP request";
      }
    }
    if (ascii.startsWith("HTTP/")) {
      return "peer sent a plain HTTP response";
    }
    return "peer sent bytes that are no TLS record: "
        + HexFormat.ofDelimiter(" ").formatHex(first);
  }

  private static String text(String what, Connection connection, String why, String likely) {
    return what
        + " ("
        + describe(connection)
        + "): "
        + why
        + "."
        + (likely == null ? "" : "\n  Likely cause: " + likely);
  }

  private static String rootText(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root && !isOurs(root)) {
      root = root.getCause();
    }
    String message = root.getMessage() == null ? root.toString() : root.getMessage();
    return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
  }

  // What was refused by the layer says it better than what the engine says to the same bytes.
  private static boolean isOurs(Throwable failure) {
    String message = failure.getMessage();
    return message != null && (message.startsWith("peer ") || message.startsWith("record of "));
  }

  private static String likely(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String known = likelyOf(each);
      if (known != null) {
        return known;
      }
      if (each.getCause() == each) {
        return null;
      }
    }
    return null;
  }

  private static String likelyOf(Throwable failure) {
    if (failure instanceof CertificateExpiredException) {
      return "the peer's certificate has run out; it must be renewed there. Or this machine's clock"
          + " is wrong.";
    }
    if (failure instanceof CertificateNotYetValidException) {
      return "this machine's clock is behind, or the peer's certificate begins later.";
    }
    String message = String.valueOf(failure.getMessage());
    for (String[] known : KNOWN) {
      if (message.contains(known[0])) {
        return known[1];
      }
    }
    return null;
  }

  private static String likelyInStream(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (message.contains("renegotiation")) {
      return "an old client, or an attack (CVE-2009-3555, CVE-2011-1473).";
    }
    return likely(failure);
  }

  // Each: a part of the engine's message, and what is behind it. Checked in this order.
  private static final String[][] KNOWN = {
    {"plain HTTP request", "an http:// address where https:// is meant."},
    {"plain HTTP response", "the peer's port serves plain HTTP."},
    {"no TLS record", "the peer does not speak TLS on this port."},
    {
      "early data",
      "a client that holds another server's ticket for this name. Tickets of this side allow none,"
          + " because early data can be replayed."
    },
    {"exceeds the limit", "the peer does not speak TLS on this port, or is broken."},
    {
      "unable to find valid certification path",
      "the peer's certificate is signed by nobody this side trusts: give its CA to the options'"
          + " trust, or let the peer send the certificates in between."
    },
    {
      "No trusted certificate",
      "the peer's certificate is signed by nobody this side trusts: give its CA to the options'"
          + " trust."
    },
    {
      "TrustAnchor",
      "the peer's certificate is signed by nobody this side trusts: give its CA to the options'"
          + " trust."
    },
    {
      "No name matching",
      "the certificate is for another host: connect by a name it has, or set the options'"
          + " serverName."
    },
    {
      "No subject alternative",
      "the certificate is for another host: connect by a name it has, or set the options'"
          + " serverName."
    },
    {
      "Empty client certificate chain",
      "the client has no certificate, and this server needs one (clientAuth NEED)."
    },
    {
      "no cipher suites in common",
      "the peer allows none of this side's cipher suites, or this server has no certificate of a"
          + " kind the client takes."
    },
    {"protocol version", "the two sides have no version in common; this side speaks 1.2 and 1.3."},
    {
      "protocol is disabled",
      "the two sides have no version in common; this side speaks 1.2 and 1.3."
    },
    {
      "not supported by server",
      "the two sides have no version in common; this side speaks 1.2 and 1.3."
    },
    {
      "Unrecognized server name",
      "the client asked for a name that no certificate here has (rejectUnknownNames)."
    },
    {"unrecognized_name", "the peer has no certificate for the name that this side asked for."},
    {
      "no_application_protocol",
      "the two sides have no application protocol in common; see applicationProtocols."
    },
    {
      "application protocol",
      "the two sides have no application protocol in common; see applicationProtocols."
    },
    {
      "fatal alert: certificate_required",
      "the peer needs a certificate of this side: set the options' credentials."
    },
    {
      "fatal alert: bad_certificate",
      "the peer does not accept this side's certificate, or needs one."
    },
    {"fatal alert: unknown_ca", "the peer does not trust whoever signed this side's certificate."},
    {
      "fatal alert: certificate_unknown",
      "the peer does not accept this side's certificate: it does not trust whoever signed it, or"
          + " it is for another name."
    },
    {"fatal alert: certificate_expired", "this side's certificate has run out."},
    {
      "fatal alert: handshake_failure",
      "the peer allows none of this side's cipher suites, or needs a certificate."
    },
  };
}
