package dev.uring.bench.load;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import org.HdrHistogram.Histogram;

/**
 * One connection that fetches the same file again and again by HTTP/1.1, and compares every byte of
 * it. An operation is the whole file.
 */
final class TlsFetch implements TlsTask {
  private static final byte[] REQUEST =
      "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final Pattern LENGTH =
      Pattern.compile("\r\ncontent-length: *(\\d+)\r\n", Pattern.CASE_INSENSITIVE);
  private static final int HEAD_BYTES_MAX = 4096;
  private static final int NOT_YET = -1;

  private final TlsDialer.Target target;
  private final int slot;
  private final byte[] expected;
  private final byte[] received;
  private int receivedCount;
  private SSLSocket socket;

  TlsFetch(TlsDialer.Target target, int slot, byte[] expected) {
    this.target = target;
    this.slot = slot;
    this.expected = expected;
    this.received = new byte[HEAD_BYTES_MAX + expected.length];
  }

  @Override
  public void open() throws IOException {
    socket = target.dial(slot, slot, true);
  }

  @Override
  public Histogram run(long endsNanos) throws IOException {
    Histogram latencies = LoadWindow.newHistogram();
    do {
      long began = System.nanoTime();
      fetch();
      latencies.recordValue(System.nanoTime() - began);
    } while (System.nanoTime() < endsNanos);
    return latencies;
  }

  private void fetch() throws IOException {
    receivedCount = 0;
    socket.getOutputStream().write(REQUEST);
    int bodyAt = receiveHead();
    int end = bodyAt + expected.length;
    while (receivedCount < end) {
      receive();
    }
    int wrong = Arrays.mismatch(expected, 0, expected.length, received, bodyAt, end);
    if (wrong >= 0) {
      throw new LoadException("slot %d: wrong byte at offset %d: expected 0x%02x, got 0x%02x"
          .formatted(slot, wrong, expected[wrong], received[bodyAt + wrong]));
    }
    if (receivedCount > end) {
      throw new LoadException(
          "slot " + slot + ": " + (receivedCount - end) + " bytes more than the file has");
    }
  }

  /** Returns where the body begins. */
  private int receiveHead() throws IOException {
    int bodyAt;
    do {
      receive();
      bodyAt = bodyAt();
    } while (bodyAt == NOT_YET && receivedCount < HEAD_BYTES_MAX);
    if (bodyAt == NOT_YET) {
      throw new LoadException(
          "slot " + slot + ": no end of the head in " + receivedCount + " bytes");
    }
    String head = new String(received, 0, bodyAt, StandardCharsets.ISO_8859_1);
    Matcher length = LENGTH.matcher(head);
    if (!head.startsWith("HTTP/1.1 200 ")
        || !length.find()
        || Long.parseLong(length.group(1)) != expected.length) {
      throw new LoadException("slot "
          + slot
          + ": the answer is not the file of "
          + expected.length
          + " bytes: "
          + head.strip().replace("\r\n", ", "));
    }
    return bodyAt;
  }

  private int bodyAt() {
    for (int i = 3; i < receivedCount; i++) {
      if (received[i] == '\n' && received[i - 1] == '\r' && received[i - 2] == '\n') {
        return i + 1;
      }
    }
    return NOT_YET;
  }

  private void receive() throws IOException {
    InputStream in = socket.getInputStream();
    int count = in.read(received, receivedCount, received.length - receivedCount);
    if (count < 0) {
      throw new LoadException(
          "slot " + slot + ": closed by the server after " + receivedCount + " bytes");
    }
    receivedCount += count;
  }

  @Override
  public void drop() {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException e) {
      // The descriptor is released all the same.
    }
  }
}
