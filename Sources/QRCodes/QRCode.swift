import Authentication
import CQREncode
import Wire

/// A QR code (ISO/IEC 18004), the smallest that holds a text, as terminals can show it.
package struct QRCode: ~Copyable {
    /// Modules a side.
    package let width: Int
    private let modules: Secret

    /// Encodes UTF-8; nil if it is empty, has a NUL, or is longer than a QR code can hold.
    package init?(_ text: Span<UInt8>) {
        guard text.count > 0, !text.indices.contains(where: { text[$0] == 0 }) else { return nil }
        let terminated = Secret(count: text.count + 1) { target in
            for index in text.indices { target[index] = text[index] }
        }
        // The lowest level of correction: a terminal has no scratches, and its 24 lines are precious.
        let encoded = unsafe terminated.withBytes { bytes in
            unsafe bytes.withUnsafeBytes {
                unsafe QRcode_encodeString($0.bindMemory(to: CChar.self).baseAddress, 0, QR_ECLEVEL_L, QR_MODE_8, 1)
            }
        }
        guard let encoded = unsafe encoded else { return nil }
        defer { unsafe QRcode_free(encoded) }
        let side = unsafe Int(encoded.pointee.width)
        guard side > 0, let data = unsafe encoded.pointee.data else { return nil }
        let squares = unsafe UnsafeMutableBufferPointer(start: data, count: side * side)
        width = side
        // The lowest bit is the colour, the others are libqrencode's own.
        modules = Secret(count: side * side) { target in
            for index in 0..<side * side { target[index] = unsafe squares[index] & 1 }
        }
        unsafe wipe(squares)
    }

    /// Whether a module is dark; everything outside is light.
    package borrowing func isDark(row: Int, column: Int) -> Bool {
        guard (0..<width).contains(row), (0..<width).contains(column) else { return false }
        return modules.withBytes { $0[row * width + column] == 1 }
    }

    /// Draws the code in half blocks, two rows a line, light modules drawn; `put` gets it piece by piece.
    ///
    /// With colours it looks the same on every terminal; without, it is right where the background is dark.
    /// The margin above and below is two modules, not four, so that a code of 41 modules fits 24 lines
    /// with one to spare for the question.
    package borrowing func draw(inColour: Bool, _ put: (String) -> Void) {
        for row in stride(from: -2, to: width + 2, by: 2) {
            if inColour { put("\u{1B}[38;5;231;48;5;16m") }
            for column in -4..<width + 4 {
                // Below the last margin there is nothing to draw.
                let isLowerDark = row + 1 >= width + 2 || isDark(row: row + 1, column: column)
                switch (isDark(row: row, column: column), isLowerDark) {
                case (false, false): put("█")
                case (false, true): put("▀")
                case (true, false): put("▄")
                case (true, true): put(" ")
                }
            }
            if inColour { put("\u{1B}[0m") }
            put("\n")
        }
    }
}
