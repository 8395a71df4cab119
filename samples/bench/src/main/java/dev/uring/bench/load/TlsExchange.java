package dev.uring.bench.load;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.net.ssl.SSLSocket;
import org.HdrHistogram.Histogram;

/**
 * One connection, or one after another: sends requests and compares every byte that comes back.
 *
 * <p>A connection for each request ends with this side's close_notify and the server's end of the
 * stream, so that a round leaves nothing for the server to do.
 */
final class TlsExchange implements TlsTask {
  private final TlsDialer.Target target;
  private final int slot;
  private final int slotsCount;
  private final int requests;
  private final ByteBuffer table;
  private final byte[] outgoing;
  private final byte[] received;
  private int serial;
  private SSLSocket socket;

  TlsExchange(
      TlsDialer.Target target,
      int slot,
      int slotsCount,
      int requests,
      int bytes,
      LoadContent content) {
    this.target = target;
    this.slot = slot;
    this.slotsCount = slotsCount;
    this.requests = requests;
    this.table = content.view();
    this.outgoing = new byte[bytes];
    this.received = new byte[bytes];
    this.serial = slot;
  }

  @Override
  public void open() throws IOException {
    if (target.isEcho()) {
      socket = target.dial(slot, slot, true);
    }
  }

  @Override
  public Histogram run(long endsNanos) throws IOException {
    Histogram latencies = LoadWindow.newHistogram();
    do {
      long began = System.nanoTime();
      if (target.isEcho()) {
        exchange();
        latencies.recordValueWithCount(System.nanoTime() - began, requests);
      } else {
        socket = target.dial(slot, serial, serial == slot);
        exchange();
        end();
        latencies.recordValue(System.nanoTime() - began);
      }
    } while (System.nanoTime() < endsNanos);
    return latencies;
  }

  // No two exchanges under way have the same content: another's bytes are wrong bytes.
  private void exchange() throws IOException {
    serial += slotsCount;
    table.position((int) (LoadContent.base(serial) % LoadContent.PERIOD));
    table.get(outgoing);
    socket.getOutputStream().write(outgoing);
    int count = socket.getInputStream().readNBytes(received, 0, received.length);
    if (count < received.length) {
      throw new LoadException("slot " + slot + ": closed by the server after " + count + " bytes");
    }
    int wrong = Arrays.mismatch(outgoing, received);
    if (wrong >= 0) {
      throw new LoadException("slot %d: wrong byte at offset %d: expected 0x%02x, got 0x%02x"
          .formatted(slot, wrong, outgoing[wrong], received[wrong]));
    }
  }

  private void end() throws IOException {
    socket.shutdownOutput();
    InputStream in = socket.getInputStream();
    if (in.read() >= 0) {
      throw new LoadException("slot " + slot + ": more bytes than were sent");
    }
    socket.close();
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
