package dev.uring.tls;

import dev.uring.buffer.Block;
import dev.uring.net.StreamLayer;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * An {@link SSLEngine} between a connection and its socket.
 *
 * <p>The engine is asked for one record at a time, and only for whole ones: the beginning of one
 * whose rest has not arrived is kept in a block. What arrives while a task of the handshake runs on
 * another thread is kept there too, because the engine answers nobody meanwhile.
 *
 * <p>Some of what is refused is refused here and not by the engine, so that every provider refuses
 * it and the error says what it was: records above the limit, renegotiation, and bytes that are no
 * TLS at all.
 *
 * <p><i>Invariant:</i> while {@code isTaskRunning} nobody calls the engine. <i>Thread:</i> the
 * connection's worker.
 */
final class TlsLayer extends StreamLayer {
  private static final int HEADER_BYTES = 5;
  private static final int TYPE_CHANGE_CIPHER_SPEC = 20;
  private static final int TYPE_ALERT = 21;
  private static final int TYPE_HANDSHAKE = 22;
  private static final int TYPE_APPLICATION_DATA = 23;
  private static final int VERSION_MAJOR = 3;

  // Room for the nonce and the tag of any cipher suite.
  private static final int FORGED_BYTES = 64;

  // Bytes that are kept during a task before the peer has to wait: a flight of handshake messages
  // fits, and the first request behind it.
  private static final int KEPT_BYTES_HOLD = 1 << 16;

  // An engine that takes nothing at first has something to say before; not more often than this.
  private static final int ATTEMPTS_MAX = 4;

  // Content of a record, and what comes to it with every cipher suite.
  private static final int CONTENT_BYTES_MAX = 1 << 14;
  private static final int OVERHEAD_BYTES_MAX = 256;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final TlsSettings settings;
  private final SSLEngine engine;
  private final TlsOpening opening;

  private Worker worker;
  private RecordArrays arrays;
  private Deadline deadline;
  private long beganMillis;
  private TlsInfo info;
  private boolean isTls13;
  // From the end of the handshake on.
  private boolean isNative;
  private boolean offersEarlyData;
  private boolean isTaskRunning;
  private boolean isInputEnded;
  private boolean isOutputEnded;
  private boolean isFailed;
  private boolean isClosed;

  // What is kept: keptCount bytes from keptFrom on.
  private Block kept;
  private int keptFrom;
  private int keptCount;

  // The record that is to be decoded, from its position to its limit.
  private ByteBuffer record;

  // What has arrived and was not looked at, within a call of received().
  private MemorySegment arrival = MemorySegment.NULL;
  private long arrivalOffset;
  private int arrivalCount;

  TlsLayer(TlsSettings settings, SSLEngine engine, TlsOpening opening) {
    this.settings = settings;
    this.engine = engine;
    this.opening = opening;
  }

  /** What was agreed on; null until then. */
  TlsInfo info() {
    return info;
  }

  @Override
  protected void began() {
    worker = connection().worker();
    arrays = RecordArrays.of(worker);
    beganMillis = System.currentTimeMillis();
    deadline = new Deadline();
    worker.arm(deadline, settings.handshakeTimeout().toNanos());
    try {
      engine.beginHandshake();
      proceed(engine.getHandshakeStatus());
    } catch (SSLException | RuntimeException failure) {
      failed(failure);
    }
  }

  @Override
  protected void received(MemorySegment memory, long offset, int count) {
    if (isInputEnded || isFailed) {
      return;
    }
    arrival = memory;
    arrivalOffset = offset;
    arrivalCount = count;
    try {
      decode();
    } finally {
      arrival = MemorySegment.NULL;
      arrivalCount = 0;
    }
    if (isTaskRunning && keptCount >= KEPT_BYTES_HOLD) {
      holdInput();
    }
  }

  @Override
  protected void wireEnded() {
    if (isInputEnded || isFailed) {
      return;
    }
    isInputEnded = true;
    if (info == null) {
      isFailed = true;
      breakOff(TlsFailures.endedEarly(connection(), keptCount));
    } else if (settings.toleratesTruncation()) {
      endInput();
    } else {
      breakOff(new TlsTruncatedException(
          TlsFailures.describe(connection()), connection().receivedBytesTotal()));
    }
  }

  @Override
  protected OutputState outputState() {
    if (isOutputEnded || isFailed) {
      return OutputState.ENDED;
    }
    return info == null || isTaskRunning ? OutputState.WAITING : OutputState.OPEN;
  }

  @Override
  protected void encode(ByteBuffer bytes) {
    try {
      for (int attempt = 0; bytes.hasRemaining() && !isOutputEnded && !isFailed; attempt++) {
        if (wrap(bytes).bytesConsumed() > 0) {
          attempt = 0;
        } else if (attempt == ATTEMPTS_MAX) {
          throw new SSLException("engine does not take " + bytes.remaining() + " bytes to send");
        }
      }
    } catch (SSLException | RuntimeException failure) {
      failed(failure);
    }
  }

  @Override
  protected boolean encodesNativeMemory() {
    return settings.provider().worksOnNativeMemory();
  }

  @Override
  protected void finish() {
    // Before the handshake is through there is no stream that an end could be cut off from.
    if (info == null || isTaskRunning || isOutputEnded || isFailed) {
      return;
    }
    engine.closeOutbound();
    sayLastWords();
    isOutputEnded = true;
  }

  @Override
  protected void closed() {
    isClosed = true;
    worker.disarm(deadline);
    forgetKept();
  }

  @Override
  protected long lingerNanos(long nanos) {
    return settings.closeTimeout().toNanos();
  }

  // Input.

  private void decode() {
    try {
      while (isInputWanted() && !isTaskRunning && !isInputEnded && !isFailed && takeRecord()) {
        unwrap();
      }
    } catch (SSLException | RuntimeException failure) {
      failed(failure);
    }
    if (isInputEnded || isFailed || !isInputWanted()) {
      forgetKept();
    } else if (arrivalCount > 0) {
      keepArrival();
    }
  }

  // Puts the next record where it is decoded, if all of it is here.
  private boolean takeRecord() throws SSLException {
    int available = keptCount + arrivalCount;
    if (available < HEADER_BYTES) {
      return false;
    }
    int length = checkedRecordLength(available);
    if (available < length) {
      return false;
    }
    int fromKept = Math.min(keptCount, length);
    record = fromKept == 0 && isNative ? arrays.arrivedAt(arrival, arrivalOffset, length) : null;
    if (record != null) {
      arrivalOffset += length;
      arrivalCount -= length;
      return true;
    }
    if (fromKept > 0) {
      copy(kept.memory(), kept.offset() + keptFrom, 0, fromKept);
      keptFrom += fromKept;
      keptCount -= fromKept;
      if (keptCount == 0) {
        forgetKept();
      }
    }
    int rest = length - fromKept;
    if (rest > 0) {
      copy(arrival, arrivalOffset, fromKept, rest);
      arrivalOffset += rest;
      arrivalCount -= rest;
    }
    record = isNative ? arrays.nativeBuffer() : arrays.arrivedBuffer;
    record.limit(length).position(0);
    return true;
  }

  private int checkedRecordLength(int available) throws SSLException {
    int type = peek(0);
    if (type < TYPE_CHANGE_CIPHER_SPEC
        || type > TYPE_APPLICATION_DATA
        || peek(1) != VERSION_MAJOR) {
      throw notTls(available);
    }
    int length = HEADER_BYTES + (peek(3) << Byte.SIZE | peek(4));
    if (length > RecordArrays.RECORD_BYTES_MAX) {
      throw unreadable("record of "
          + (length - HEADER_BYTES)
          + " bytes exceeds the limit of "
          + (RecordArrays.RECORD_BYTES_MAX - HEADER_BYTES)
          + " (RFC 5246 6.2.3)");
    }
    if (type == TYPE_HANDSHAKE && info != null && !isTls13) {
      throw refusedRenegotiation();
    }
    return length;
  }

  private SSLException notTls(int available) {
    byte[] first = new byte[Math.min(available, TlsFailures.SHOWN_BYTES_MAX)];
    for (int i = 0; i < first.length; i++) {
      first[i] = (byte) peek(i);
    }
    return unreadable(TlsFailures.notTls(first));
  }

  private SSLException unreadable(String what) {
    for (int i = 0; i < HEADER_BYTES; i++) {
      arrays.arrived[i] = (byte) peek(i);
    }
    return refused(what, HEADER_BYTES);
  }

  // A fatal alert is what tells the peer; engines make one only for what they cannot read, so they
  // are given a record of zeros, which no key has made.
  private SSLException refusedRenegotiation() {
    int length = HEADER_BYTES + FORGED_BYTES;
    Arrays.fill(arrays.arrived, 0, length, (byte) 0);
    arrays.arrived[0] = TYPE_APPLICATION_DATA;
    arrays.arrived[1] = VERSION_MAJOR;
    arrays.arrived[2] = VERSION_MAJOR;
    arrays.arrived[4] = FORGED_BYTES;
    return refused("peer asked for a renegotiation, which is refused", length);
  }

  // The engine is told of it in its own way, so that it has an alert for the peer.
  private SSLException refused(String what, int length) {
    arrays.arrivedBuffer.limit(length).position(0);
    SSLException failure = new SSLException(what);
    try {
      engine.unwrap(arrays.arrivedBuffer, ByteBuffer.allocate(length));
    } catch (SSLException | RuntimeException expected) {
      failure.initCause(expected);
    }
    return failure;
  }

  private int peek(int index) {
    byte value = index < keptCount
        ? kept.memory().get(ValueLayout.JAVA_BYTE, kept.offset() + keptFrom + index)
        : arrival.get(ValueLayout.JAVA_BYTE, arrivalOffset + index - keptCount);
    return value & 0xFF;
  }

  private void copy(MemorySegment from, long offset, int to, int count) {
    if (isNative) {
      MemorySegment.copy(from, offset, arrays.nativeMemory(), to, count);
    } else {
      MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, arrays.arrived, to, count);
    }
  }

  private void unwrap() throws SSLException {
    int type = record.get(record.position());
    int length = record.remaining();
    if (info == null && type == TYPE_HANDSHAKE && !engine.getUseClientMode()) {
      offersEarlyData |= ClientHello.offersEarlyData(arrays.arrived, length);
    }
    boolean mayBeFarewell = info != null && (isTls13 || type == TYPE_ALERT);
    if (mayBeFarewell && settings.provider().endsOutputWithInput()) {
      unwrapAsking(length);
      return;
    }
    if (type == TYPE_ALERT && info != null && !isTls13) {
      // Before TLS 1.3 the end of the peer's stream ends ours too: what the program has to say to
      // what came before it says now.
      offerInput();
      connection().flush();
    }
    for (int attempt = 0; record.hasRemaining() && !isInputEnded; attempt++) {
      if (attempt == ATTEMPTS_MAX) {
        throw new SSLException("engine does not take a record of " + length + " bytes");
      }
      unwrap(record.remaining());
    }
  }

  // Without room for what is in a record such an engine decrypts it and says whether it was the
  // peer's end, and leaves our output open. TLS 1.3 hides which records those are. Tempting but
  // wrong: the reply first, and then the record with room. A reply that is not there yet would be
  // lost.
  private void unwrapAsking(int length) throws SSLException {
    SSLEngineResult asked = engine.unwrap(record, NOTHING);
    if (asked.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
      // As good as always: it is the program's.
      unwrap(length);
    } else if (engine.isInboundDone()) {
      isInputEnded = true;
      endInput();
    } else {
      proceed(asked.getHandshakeStatus());
    }
  }

  private void unwrap(int room) throws SSLException {
    SSLEngineResult result = engine.unwrap(record, inputRoom(room));
    if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
      inputFilled(0);
      result = engine.unwrap(record, inputRoom(engine.getSession().getApplicationBufferSize()));
    }
    inputFilled(result.bytesProduced());
    switch (result.getStatus()) {
      case OK -> {
        // Whether all of it was taken is seen by the caller.
      }
      case CLOSED -> {
        // An engine may also say so of its output, which this side has ended, of each record.
        if (info == null || engine.isInboundDone()) {
          inputClosed();
        }
      }
      default -> throw new SSLException("engine says " + result.getStatus() + " to a whole record");
    }
    if (result.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING || info == null) {
      proceed(result.getHandshakeStatus());
    }
  }

  private void inputClosed() throws SSLException {
    if (info == null) {
      throw new SSLException("peer closed during the handshake");
    }
    isInputEnded = true;
    if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
      sayLastWords();
    }
    if (engine.isOutboundDone()) {
      isOutputEnded = true;
    }
    endInput();
  }

  private void keepArrival() {
    int needed = keptCount + arrivalCount;
    if (kept == null || keptFrom + needed > kept.capacity()) {
      // The rest of the record is going to follow: room for it is taken at once.
      Block larger = worker.blocks().take(Math.max(needed, recordLengthOrLess()));
      if (kept != null) {
        MemorySegment.copy(
            kept.memory(), kept.offset() + keptFrom, larger.memory(), larger.offset(), keptCount);
        kept.release();
      }
      kept = larger;
      keptFrom = 0;
    }
    MemorySegment.copy(
        arrival, arrivalOffset, kept.memory(), kept.offset() + keptFrom + keptCount, arrivalCount);
    keptCount = needed;
  }

  private int recordLengthOrLess() {
    boolean isKnown = keptCount + arrivalCount >= HEADER_BYTES;
    int length = isKnown ? HEADER_BYTES + (peek(3) << Byte.SIZE | peek(4)) : HEADER_BYTES;
    return Math.min(length, RecordArrays.RECORD_BYTES_MAX);
  }

  private void forgetKept() {
    if (kept != null) {
      kept.release();
      kept = null;
    }
    keptFrom = 0;
    keptCount = 0;
  }

  // The handshake, and what engines want to say behind it: tickets, new keys.

  private void proceed(HandshakeStatus status) throws SSLException {
    HandshakeStatus next = status;
    while (true) {
      switch (next) {
        case NEED_TASK -> {
          startTask();
          return;
        }
        case NEED_WRAP -> {
          SSLEngineResult result = wrap(NOTHING);
          if (result.getStatus() == SSLEngineResult.Status.CLOSED
              || result.bytesProduced() == 0
                  && result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            return;
          }
          next = result.getHandshakeStatus();
        }
        case FINISHED, NOT_HANDSHAKING -> {
          if (info == null) {
            agreed();
          }
          if (next == HandshakeStatus.NOT_HANDSHAKING || isFailed || isClosed) {
            return;
          }
          next = engine.getHandshakeStatus();
        }
        default -> {
          return;
        }
      }
    }
  }

  private void startTask() {
    Runnable task = engine.getDelegatedTask();
    if (task == null) {
      return;
    }
    isTaskRunning = true;
    HandshakeThreads.of(worker).execute(() -> {
      try {
        task.run();
      } finally {
        worker.execute(this::taskEnded);
      }
    });
  }

  private void taskEnded() {
    isTaskRunning = false;
    if (isClosed) {
      return;
    }
    try {
      proceed(engine.getHandshakeStatus());
    } catch (SSLException | RuntimeException failure) {
      failed(failure);
    }
    if (!isTaskRunning) {
      decode();
      releaseInput();
    }
    if (!isInputEnded) {
      offerInput();
    }
  }

  private void agreed() {
    worker.disarm(deadline);
    info = TlsInfo.of(engine, beganMillis);
    isTls13 = info.protocol().equals("TLSv1.3");
    isNative = settings.provider().worksOnNativeMemory();
    outputOpened();
    opening.agreed(connection());
  }

  // Output.

  private SSLEngineResult wrap(ByteBuffer bytes) throws SSLException {
    SSLEngineResult result = isNative ? wrapOntoWire(bytes) : wrapIntoArray(bytes);
    if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
      isOutputEnded = true;
    } else if (bytes.hasRemaining() && result.bytesConsumed() == 0) {
      // New keys, or a ticket, go first.
      proceed(result.getHandshakeStatus());
      if (isTaskRunning) {
        throw new SSLException("engine wants a task in the middle of data");
      }
    }
    return result;
  }

  // Straight to where the kernel is going to read it.
  private SSLEngineResult wrapOntoWire(ByteBuffer bytes) throws SSLException {
    ByteBuffer room = wireRoom(Math.min(bytes.remaining(), CONTENT_BYTES_MAX) + OVERHEAD_BYTES_MAX);
    if (room == null) {
      return wrapIntoArray(bytes);
    }
    SSLEngineResult result = engine.wrap(bytes, room);
    wireFilled(result.bytesProduced());
    return result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW
        ? wrapIntoArray(bytes)
        : result;
  }

  private SSLEngineResult wrapIntoArray(ByteBuffer bytes) throws SSLException {
    SSLEngineResult result = engine.wrap(bytes, arrays.leavingBuffer());
    while (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
      arrays.enlargeLeaving(engine.getSession().getPacketBufferSize());
      result = engine.wrap(bytes, arrays.leavingBuffer());
    }
    if (result.bytesProduced() > 0) {
      wire().putBytes(arrays.leaving(), 0, result.bytesProduced());
    }
    return result;
  }

  /** What an engine that has failed or was closed has still for the peer: an alert. */
  private void sayLastWords() {
    try {
      // Not as long as it says NEED_WRAP: an engine that was closed need not say so.
      while (!isOutputEnded && wrap(NOTHING).bytesProduced() > 0) {
        // Goes on.
      }
    } catch (SSLException | RuntimeException failure) {
      // It has nothing more to say. The connection ends in any case.
      return;
    }
  }

  private void failed(Exception failure) {
    if (isFailed || isClosed) {
      return;
    }
    // The engine's alert. No farewell behind it, nor in its place: the peer would take what it has
    // for all there is.
    sayLastWords();
    isFailed = true;
    worker.disarm(deadline);
    TlsException told = info == null
        ? TlsFailures.handshake(connection(), offersEarlyData ? earlyData(failure) : failure)
        : TlsFailures.stream(connection(), failure);
    fail(told);
  }

  private static SSLException earlyData(Exception failure) {
    return new SSLException("peer sent early data (0-RTT), which is not accepted here", failure);
  }

  private final class Deadline extends Timer {
    @Override
    protected void fire() {
      isFailed = true;
      breakOff(TlsFailures.tooSlow(connection(), settings.handshakeTimeout()));
    }
  }
}
