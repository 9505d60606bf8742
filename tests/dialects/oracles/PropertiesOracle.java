// One base64 file per line in, one answer per line out: `set` and name:value pairs, or `refused`.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;

public class PropertiesOracle {
    public static void main(String[] arguments) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        var out = new StringBuilder();
        for (var line = in.readLine(); line != null; line = in.readLine()) {
            out.append(answer(Base64.getDecoder().decode(line))).append('\n');
        }
        System.out.print(out);
    }

    // As UTF-8, or as Latin-1 where it is none: either way a byte that is no ASCII is to come out as it went in.
    private static String answer(byte[] file) throws Exception {
        Charset charset = StandardCharsets.UTF_8;
        String text;
        try {
            text = charset.newDecoder().decode(ByteBuffer.wrap(file)).toString();
        } catch (CharacterCodingException error) {
            charset = StandardCharsets.ISO_8859_1;
            text = new String(file, charset);
        }
        var properties = new Properties();
        try {
            properties.load(new StringReader(text));
        } catch (IllegalArgumentException error) {
            return "refused";
        }
        var answer = new StringBuilder("set");
        for (var name : properties.stringPropertyNames()) {
            answer.append(' ').append(base64(name, charset));
            answer.append(':').append(base64(properties.getProperty(name), charset));
        }
        return answer.toString();
    }

    private static String base64(String text, Charset charset) {
        return Base64.getEncoder().encodeToString(text.getBytes(charset));
    }
}
