package import QRCodes

extension QRCode {
    /// Appends the code in half blocks, as `draw(inColour:_:)` has them.
    package borrowing func draw(on buffer: OutputBuffer, inColour: Bool) {
        draw(inColour: inColour) { buffer.append($0) }
    }
}
