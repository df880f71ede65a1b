import QRCodes
import Authentication

/// The code as files that viewers and printers know; each may be as secret as what it says.
extension QRCode {
    /// Modules of margin on each side (ISO/IEC 18004 section 5.3.8).
    private static let margin = 4
    /// The pixels of a module's side.
    private static let scale = 8

    /// How many columns it takes with `drawBackgrounds`.
    package var columnsOfBackgrounds: Int { 2 * (width + 8) }

    /// Appends the code with background colours alone, two blanks a module: the same on light and dark terminals, and
    /// in fonts without block characters.
    package borrowing func drawBackgrounds(on buffer: OutputBuffer) {
        for row in -2..<width + 2 {
            var colour: Bool?
            for column in -4..<width + 4 {
                let isDark = isDark(row: row, column: column)
                if colour != isDark { buffer.append(isDark ? "\u{1B}[48;5;16m" : "\u{1B}[48;5;231m") }
                colour = isDark
                buffer.append("  ")
            }
            buffer.append("\u{1B}[0m\n")
        }
    }

    /// Appends the code as SVG.
    package borrowing func drawSVG(on buffer: OutputBuffer) {
        let side = width + 2 * QRCode.margin
        let pixels = side * QRCode.scale
        buffer.append(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(pixels)" height="\(pixels)" \
            viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">
            <rect width="\(side)" height="\(side)" fill="#fff"/>
            <path fill="#000" d="
            """)
        for row in 0..<width {
            for column in 0..<width where isDark(row: row, column: column) {
                buffer.append("M\(column + QRCode.margin) \(row + QRCode.margin)h1v1h-1z")
            }
        }
        buffer.append("\"/>\n</svg>\n")
    }

    /// Appends the code as PNG (W3C PNG, third edition): one bit a pixel, not compressed, so that no library is needed.
    package borrowing func drawPNG(on buffer: OutputBuffer) {
        let side = (width + 2 * QRCode.margin) * QRCode.scale
        for byte in [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] as [UInt8] { buffer.append(byte) }
        let header = OutputBuffer()
        header.append(number: UInt32(side))
        header.append(number: UInt32(side))
        for byte in [1, 0, 0, 0, 0] as [UInt8] { header.append(byte) }
        buffer.append(chunk: "IHDR", header)
        let lines = OutputBuffer()
        for row in 0..<side {
            // No filter.
            lines.append(0)
            for byte in 0..<side / 8 {
                var bits: UInt8 = 0
                for bit in 0..<8 {
                    let column = (byte * 8 + bit) / QRCode.scale - QRCode.margin
                    let isDark = isDark(row: row / QRCode.scale - QRCode.margin, column: column)
                    bits = bits << 1 | (isDark ? 0 : 1)
                }
                lines.append(bits)
            }
        }
        buffer.append(chunk: "IDAT", QRCode.stored(lines))
        buffer.append(chunk: "IEND", OutputBuffer())
    }

    /// What is in `data`, as a zlib stream (RFC 1950) of blocks that are stored (RFC 1951 section 3.2.4).
    private static func stored(_ data: OutputBuffer) -> OutputBuffer {
        let stream = OutputBuffer()
        stream.append(0x78)
        stream.append(0x01)
        data.withBytes { bytes in
            var position = 0
            var (low, high): (UInt32, UInt32) = (1, 0)
            while position < bytes.count {
                let count = min(bytes.count - position, 0xFFFF)
                stream.append(position + count == bytes.count ? 1 : 0)
                for length in [UInt16(count), ~UInt16(count)] {
                    stream.append(UInt8(length & 0xFF))
                    stream.append(UInt8(length >> 8))
                }
                for index in position..<position + count {
                    stream.append(bytes[index])
                    // Adler-32 (RFC 1950 section 8.2).
                    low = (low + UInt32(bytes[index])) % 65521
                    high = (high + low) % 65521
                }
                position += count
            }
            stream.append(number: high << 16 | low)
        }
        return stream
    }
}

extension OutputBuffer {
    /// Adds a number in four bytes, the highest first.
    fileprivate func append(number: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Adds a chunk of a PNG: length, type, data, and the CRC-32 of the latter two.
    fileprivate func append(chunk type: String, _ data: OutputBuffer) {
        var check: UInt32 = 0xFFFF_FFFF
        func take(_ byte: UInt8) {
            append(byte)
            check ^= UInt32(byte)
            for _ in 0..<8 { check = check >> 1 ^ (check & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        data.withBytes { bytes in
            append(number: UInt32(bytes.count))
            for byte in type.utf8 { take(byte) }
            for index in bytes.indices { take(bytes[index]) }
        }
        append(number: ~check)
    }
}
