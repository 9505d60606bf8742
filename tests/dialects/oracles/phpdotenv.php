<?php
// One base64 file per line in, one answer per line out: `set` and name:value pairs, or `refused`.
// The first argument is the folder of the packages' code.
spl_autoload_register(function ($class) use ($argv) {
    require $argv[1] . '/' . strtr($class, '\\', '/') . '.php';
});

$folder = sys_get_temp_dir() . '/straggler-' . getmypid();
mkdir($folder);
while (($line = fgets(STDIN)) !== false) {
    file_put_contents("$folder/.env", base64_decode($line));
    try {
        $variables = Dotenv\Dotenv::createArrayBacked($folder)->load();
    } catch (Dotenv\Exception\InvalidFileException | Dotenv\Exception\InvalidEncodingException $refusal) {
        echo "refused\n";
        continue;
    }
    $answer = 'set';
    foreach ($variables as $name => $value) {
        if ($value !== null) {
            $answer .= ' ' . base64_encode($name) . ':' . base64_encode($value);
        }
    }
    echo "$answer\n";
}
unlink("$folder/.env");
rmdir($folder);
