"""Places where a secret without a shape of its own stands: headers, addresses, command lines, files.

One text per line and family; the secret stands between « and », ``⏎`` is a line break.
"""

HEADERS = """
Authorization: Bearer «{a40}»
authorization: bearer «{u64}»
Authorization: Basic «{basic}»
Authorization: token «{h40}»
Authorization: Token token=«{h32}»
Authorization: ApiKey «{b58}==»
Authorization: Splunk «{uuid}»
Authorization: Digest username="bob", realm="r", nonce="n", uri="/", response="«{h32}»"
Authorization: AWS4-HMAC-SHA256 Credential=«AKIA{k16}»/20260101/eu/s3/aws4_request, Signature=«{h64}»
Authorization: GenieKey «{uuid}»
Authorization: SSWS «00{u40}»
Authorization: «{a40}»
Proxy-Authorization: Basic «{basic}»
Cookie: session=«{a32}»
Cookie: theme=dark; sessionid=«{l32}»; lang=en
Cookie: _gh_sess=«{b120}»; logged_in=yes
Set-Cookie: connect.sid=«s%3A{a32}.{a43}»; Path=/; HttpOnly
set-cookie: JSESSIONID=«{A32}»; Secure
set-cookie: __Host-next-auth.csrf-token=«{h64}»; Path=/
X-Api-Key: «{a32}»
x-api-key: «{uuid}»
X-Auth-Token: «{h40}»
X-Auth-Key: «{h37}»
X-Vault-Token: «hvs.{u24}»
X-Amz-Security-Token: «IQoJb3JpZ2luX2Vj{b200}»
X-Goog-Api-Key: «AIza{u35}»
X-CSRF-Token: «{b64}»
X-Shopify-Access-Token: «{h32}»
Ocp-Apim-Subscription-Key: «{h32}»
PRIVATE-TOKEN: «{u20}»
JOB-TOKEN: «{u20}»
X-Gitlab-Token: «{w}»
X-Hub-Signature-256: sha256=«{h64}»
api-key: «{h32}»
DD-API-KEY: «{h32}»
xi-api-key: «{h32}»
Circle-Token: «{h40}»
X-Figma-Token: «{a30}»
Authentication: Bearer «{a40}»
> Authorization: Bearer «{a40}»
< Set-Cookie: SID=«{u60}»; path=/
-H "Authorization: Bearer «{a40}»" \\
--header 'X-Api-Key: «{a24}»'
{"headers": {"Authorization": "Bearer «{a40}»"}}
{'Authorization': 'Bearer «{a40}»', 'Accept': '*/*'}
headers={"Cookie": "sid=«{a24}»"}
"""

ADDRESSES = """
postgres://app:«{p12}»@db.internal:5432/app
postgresql+psycopg2://admin:«{w}»@10.0.0.5/prod
mysql://root:«{w}»@localhost:3306/test
mysql+pymysql://svc:«{a20}»@mysql/db?charset=utf8mb4
mongodb://admin:«{a18}»@mongo1:27017,mongo2:27017/?replicaSet=rs0
mongodb+srv://svc:«{w}»@cluster0.ab1cd.mongodb.net/app?retryWrites=true
redis://:«{a24}»@cache:6379/0
rediss://default:«{a32}»@eu1.upstash.io:6379
amqp://guest:«{w}»@rabbit:5672/vhost
amqps://svc:«{a20}»@b-1.mq.eu-west-1.amazonaws.com:5671
https://bob:«{w}»@example.com/repo.git
https://oauth2:«{u20}»@gitlab.example.com/g/r.git
https://x-access-token:«ghs_{a36}»@github.com/o/r.git
https://«{h40}»@github.com/o/r.git
https://«{h32}»@o4501.ingest.sentry.io/4502
http://user:«{w}»@proxy.corp:3128
HTTPS_PROXY=http://user:«{w}»@proxy.corp:3128
ftp://anon:«{w}»@ftp.example.org/pub
sftp://deploy:«{a16}»@files.example.org
ssh://git:«{w}»@host.example.org:2222/r
smtp://mailer:«{p14}»@smtp.example.org:587
smtps://apikey:«SG.{u22}.{u43}»@smtp.sendgrid.net:465
ldap://cn=admin:«{w}»@ldap.example.org
snowflake://svc:«{w}»@acme-eu/db/schema
clickhouse://default:«{w}»@ch:8123/db
nats://svc:«{a16}»@nats:4222
mqtt://dev:«{w}»@broker:1883
elasticsearch: https://elastic:«{a24}»@es:9200
sqlserver://sa:«{p12}»@mssql:1433?database=app
oracle+cx_oracle://scott:«{w}»@orcl:1521/?service_name=xe
DATABASE_URL=postgres://u:«{a20}»@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d
https://api.example.com/v1?api_key=«{a32}»&q=1
https://api.example.com/v1?q=1&access_token=«{a40}»
https://maps.example.com/js?key=«AIza{u35}»
https://example.com/cb?code=«{a30}»&client_secret=«{a32}»
https://example.com/#access_token=«{a60}»&token_type=bearer
https://acct.blob.core.windows.net/c/b?sv=2022-11-02&sig=«{b43}%3D»&se=2026
https://bucket.s3.amazonaws.com/k?X-Amz-Credential=«AKIA{k16}»%2F20260101&X-Amz-Signature=«{h64}»
https://storage.googleapis.com/b/o?GoogleAccessId=x&Expires=1&Signature=«{b86}»
https://prod-01.westeurope.logic.azure.com:443/workflows/{h32}/triggers/manual/paths/invoke?api-version=1&sig=«{u43}»
https://example.com/reset?token=«{a32}»
https://example.com/login?user=bob&password=«{w}»
wss://gw.example.com/?token=«{a32}»
"""

COMMAND_LINES = """
curl -u admin:«{w}» https://host/api
curl -u 'admin:«{p12}»' https://host/api
curl --user bob:«{a20}» https://host
curl -su "«{h32}:»" https://host
curl -ualice:«{w}» https://host
curl -H "Authorization: Bearer «{a40}»" https://host
curl -H 'X-Api-Key: «{a24}»' https://host
curl --proxy-user u:«{w}» https://host
curl -b 'session=«{a32}»' https://host
curl --cookie "sid=«{a32}»" https://host
curl -d 'username=bob&password=«{w}»' https://host/login
curl -d '{"user":"bob","password":"«{w}»"}' https://host/login
curl --oauth2-bearer «{a40}» https://host
wget --user=bob --password=«{w}» https://host/f
wget --http-password «{w}» https://host/f
mysql -u root -p«{w}» app
mysql -uroot -p'«{p12}»' app
mysqldump --password=«{w}» -h db app
mysqladmin -u root password '«{w}»'
PGPASSWORD=«{w}» psql -h db -U app
PGPASSWORD='«{p12}»' pg_dump app
MYSQL_PWD=«{w}» mysql -u root
psql "host=db user=app password=«{w}» dbname=app"
sshpass -p «{w}» ssh bob@host
sshpass -p '«{p12}»' scp f host:
sshpass -p«{w}» ssh host
docker login -u bob -p «{w}» registry.example.com
docker login --username bob --password «{a20}» registry.example.com
echo «{a24}» | docker login -u bob --password-stdin
podman login -u=bob -p=«{w}» quay.io
helm registry login -u bob -p «{w}» host
redis-cli -a «{w}» ping
redis-cli -h cache -p 6379 -a '«{p12}»' INFO
redis-cli --pass «{a20}» ping
mongo -u admin -p «{w}» --authenticationDatabase admin
mongosh "mongodb://h/db" --username admin --password «{w}»
mongodump -u admin -p «{w}» --db app
sqlcmd -S host -U sa -P '«{p12}»' -Q 'select 1'
sqlplus scott/«{w}»@orcl
ldapsearch -x -D cn=admin -w «{w}» -b dc=example
ldapadd -D cn=admin -w '«{p12}»' -f x.ldif
smbclient //srv/share -U bob%«{w}»
mount -t cifs //s/h /m -o username=bob,password=«{w}»
net use Z: \\\\srv\\share /user:bob «{w}»
openssl enc -aes-256-cbc -k «{w}» -in a
openssl rsa -in k.pem -passin pass:«{w}»
openssl pkcs12 -export -passout pass:«{w}» -in c
gpg --batch --passphrase «{w}» -d f.gpg
ssh-keygen -t rsa -N '«{p12}»' -f k
zip -P «{w}» a.zip f
unzip -P «{w}» a.zip
7z x -p«{w}» a.7z
keytool -importkeystore -srcstorepass «{w}» -deststorepass «{w}»
htpasswd -bc .htpasswd bob «{w}»
echo 'bob:«{w}»' | chpasswd
useradd -p '«{p14}»' bob
az login --service-principal -u app -p «{a34}» --tenant t
az login --service-principal --password «{a34}»
aws configure set aws_secret_access_key «{b40}»
gh auth login --with-token <<< «ghp_{a36}»
vault login «hvs.{u24}»
vault kv put secret/app password=«{w}»
vault login -method=userpass username=bob password=«{w}»
kubectl create secret generic s --from-literal=password=«{w}»
kubectl --token=«{a40}» get pods
kubectl config set-credentials u --password=«{w}»
oc login --token=«sha256~{u43}» --server=https://h
npm config set //registry.example.org/:_authToken «npm_{a36}»
npm login --auth-type=legacy --password «{w}»
twine upload -u __token__ -p «pypi-AgEIcHlwaS5vcmc{u150}» dist/*
pip install --index-url https://bob:«{w}»@pypi.example.com/simple x
poetry config http-basic.repo bob «{w}»
poetry config pypi-token.pypi «pypi-AgEIcHlwaS5vcmc{u150}»
cargo login «cio{a32}»
gem push --key k --otp «{d6}»
heroku config:set SECRET_KEY=«{a40}»
fly secrets set DB_PASSWORD=«{w}»
export AWS_SECRET_ACCESS_KEY=«{b40}»
set DB_PASSWORD=«{w}»
$env:API_KEY = "«{a32}»"
setx API_TOKEN «{a32}»
tool --api-key «{a32}» run
tool --api-key=«{a32}» run
tool --token «{h40}»
tool --client-secret '«{p16}»'
tool --password "«{w} {w}»"
tool --secret=«{w}»
tool -password «{w}»
rclone config create r s3 secret_access_key «{b40}»
s3cmd --secret_key=«{b40}» ls
restic -r r --password-command 'echo «{w}»'
xfreerdp /u:bob /p:«{w}» /v:host
evil-winrm -i h -u bob -p '«{p12}»'
hydra -l bob -p «{w}» ssh://h
ansible-playbook p.yml -e "ansible_password=«{w}»"
ansible-playbook p.yml --extra-vars '{"db_password": "«{w}»"}'
terraform apply -var="db_password=«{w}»"
influx -username a -password '«{w}»'
rabbitmqctl add_user bob «{w}»
rabbitmqctl change_password bob '«{p12}»'
ALTER USER bob WITH PASSWORD '«{p12}»';
CREATE USER bob IDENTIFIED BY '«{p12}»';
CREATE ROLE bob LOGIN PASSWORD '«{w}»';
SET PASSWORD FOR 'bob'@'%' = PASSWORD('«{w}»');
GRANT ALL ON *.* TO 'bob'@'%' IDENTIFIED BY "«{w}»";
"""

CONNECTION_STRINGS = """
Server=db;Database=app;User Id=sa;Password=«{p12}»;Encrypt=true
Data Source=db;Initial Catalog=app;uid=sa;pwd=«{w}»;
Server=tcp:x.database.windows.net,1433;User ID=a@x;Password="«{p14}»";
Driver={ODBC Driver 18 for SQL Server};Server=h;UID=sa;PWD={«{p12}»};
jdbc:postgresql://h:5432/d?user=app&password=«{w}»
jdbc:mysql://h/d?user=root&password=«{a16}»&useSSL=false
jdbc:sqlserver://h:1433;databaseName=d;user=sa;password=«{p12}»;
jdbc:oracle:thin:scott/«{w}»@//h:1521/orcl
Host=h;Port=5432;Username=app;Password=«{w}»;Database=d
host=h port=5432 user=app password=«{w}» dbname=d
mysql:host=h;dbname=d;user=u;password=«{w}»
DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=«{b86}==»;EndpointSuffix=core.windows.net
Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=«{b43}=»
Endpoint=https://x.azconfig.io;Id=ab-l0-s0:xyz;Secret=«{b43}=»
AccountEndpoint=https://c.documents.azure.com:443/;AccountKey=«{b86}==»;
HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=«{b43}=»
BlobEndpoint=https://a.blob.core.windows.net/;SharedAccessSignature=sv=2022&sig=«{b43}%3D»
InstrumentationKey=«{uuid}»;IngestionEndpoint=https://w.in.applicationinsights.azure.com/
cache.redis.cache.windows.net:6380,password=«{b43}=»,ssl=True
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="svc" password="«{a32}»";
sasl.password=«{b64}»
spring.datasource.password=«{w}»
spring.rabbitmq.password: «{w}»
quarkus.datasource.password=«{p12}»
hibernate.connection.password=«{w}»
"""

FILES = """
machine api.example.com login bob password «{w}»
machine h⏎  login bob⏎  password «{p12}»
default login bob password «{a16}»
//registry.example.org/:_authToken=«{uuid}»
//npm.pkg.github.com/:_authToken=«ghp_{a36}»
_auth=«{basic}»
//reg.example.com/:_password=«{b24}==»
npmAuthToken: "«npm_{a36}»"
[pypi]⏎username = __token__⏎password = «pypi-AgEIcHlwaS5vcmc{u150}»
[server]⏎username: bob⏎password: «{w}»
localhost:5432:app:bob:«{p12}»
*:*:*:postgres:«{w}»
apiVersion: v1⏎users:⏎- name: a⏎  user:⏎    token: «{a60}»
    client-key-data: «LS0tLS1CRUdJTi{b400}==»
    password: «{w}»
{"auths": {"registry.example.com": {"auth": "«{basic}»"}}}
{"auths":{"https://registry.example.com/v1/":{"username":"bob","password":"«{w}»","auth":"«{basic}»"}}}
"auth": "«{basic}»"
db_password = "«{p12}»"
db_password="«{w}»"
variable "api_token" {⏎  default = "«{a40}»"⏎}
master_password      = "«{w}»"
[default]⏎aws_access_key_id = «AKIA{k16}»⏎aws_secret_access_key = «{b40}»
aws_session_token=«IQoJb3JpZ2luX2Vj{b200}»
[user]⏎    password = «{w}»
[github]⏎    oauth-token = «{h40}»
github.com:⏎    oauth_token: «gho_{a36}»⏎    user: bob
credentials "app.terraform.io" {⏎  token = "«{a14}.atlasv1.{u67}»"⏎}
<password>«{w}»</password>
<add key="ClearTextPassword" value="«{p12}»" />
<server><id>r</id><username>u</username><password>«{w}»</password></server>
<property name="password" value="«{w}»"/>
<entry key="apiKey">«{a32}»</entry>
requirepass «{a24}»
masterauth «{a24}»
kind: Secret⏎data:⏎  password: «{b24}==»
stringData:⏎  DB_PASSWORD: «{w}»
ENV DB_PASSWORD=«{w}»
ENV DB_PASSWORD «{w}»
  - POSTGRES_PASSWORD=«{w}»
      POSTGRES_PASSWORD: «{w}»
environment:⏎  - name: API_KEY⏎    value: «{a32}»
- name: DB_PASSWORD⏎  value: "«{w}»"
ansible_ssh_pass=«{w}»
ansible_become_password: «{w}»
$config['db_password'] = '«{p12}»';
define('DB_PASSWORD', '«{p12}»');
define( 'AUTH_KEY',         '«{p40}» «{p20}»' );
wpa_passphrase=«{w}»
psk="«{w} {w}»"
<string name="api_key">«{a32}»</string>
rootpw --plaintext «{w}»
bob:«$6$rounds=5000${a16}${a86}»:19000:0:99999:7:::
bob:«$apr1${a8}${a22}»
root:«$y$j9T${a22}${a43}»:19000:0:99999:7:::
"hash": "«$2b$12${a53}»"
otpauth://totp/Acme:bob?secret=«{k32}»&issuer=Acme
{"type":"service_account","private_key_id":"«{h40}»","client_email":"a@b.iam.gserviceaccount.com"}
{"kty":"RSA","n":"{u86}","e":"AQAB","d":"«{u86}»","p":"«{u43}»"}
{"kty":"oct","k":"«{u43}»"}
{"refresh_token":"«1//0{u60}»","client_id":"x"}
{"name":"password","value":"«{w}»"}
{"key":"api_key","value":"«{a32}»"}
{"Name":"DB_PASSWORD","Value":"«{w}»"}
{"value":"«{a32}»","name":"API_TOKEN"}
{"env":[{"name":"SECRET_TOKEN","value":"«{a24}»"}]}
{"ParameterKey":"DBPassword","ParameterValue":"«{w}»"}
{"headers":[{"name":"Authorization","value":"Bearer «{a40}»"}]}
{"headers":[["x-api-key","«{a32}»"],["accept","*/*"]]}
{"credentials":{"user":"bob","pass":"«{w}»"}}
{"auth":{"username":"bob","password":"«{w}»"}}
{"login":{"user":"bob","pwd":"«{w}»"}}
{"args":["--password","«{w}»"]}
{"command":["mysql","-u","root","-p«{w}»"]}
{"env":{"OPENAI_API_KEY":"«{w}{a20}»"}}
{"secrets":["«{a24}»","«{a24}»"]}
{"SecretString":"{\\"username\\":\\"bob\\",\\"password\\":\\"«{w}»\\"}"}
{"set-cookie":["sid=«{a32}»; Path=/"]}
{"cookies":[{"name":"session","value":"«{a40}»","domain":"x"}]}
"""

WEAK_PASSWORDS = """
password=«{w}»
password: «{w}»
password = "«{w}»"
password = '«{p10}»'
"password": "«{p10}»"
"password": "«{w} {w} {w}»"
PASSWORD="«{w} {w}»"
passwd: «{p8}»
passwd=«{d6}»
"pwd": "«{w}»"
pwd=«{w}»
"passphrase": "«{w} {w} {w} {w}»"
passphrase: "«{w} {w}»"
DB_PASS=«{w}»
db_pass: "«{p10}»"
"userPassword": "«{w}»"
"user-password": "«{w}»"
"Passwort": "«{w}»"
kennwort=«{w}»
"new_password": "«{w}»", "old_password": "«{w}»"
password1=«{w}»
"adminPassword":"«{p9}»"
admin_password: '«{p9}»'
ROOT_PASSWORD=«{p9}»
root_password=`«{w}»`
login(password="«{w}»")
connect(user="bob", password='«{p10}»')
dict(passwd='«{w}»')
password => '«{w}»'
:password => "«{w}»"
password := "«{w}»"
let password = '«{w}»';
const dbPassword = "«{p10}»";
String password = "«{w}»";
self.password = "«{w}»"
config.password = '«{w}»'
"password" : «{d6}»
pin: "«{d4}»"
"pin_code": "«{d6}»"
"otp": "«{d6}»"
"cvv": "«{d3}»"
"secret": "«{w}»"
secret=«{w}»
client_secret: «{w}»
"clientSecret": "«{w}»"
SECRET_KEY = '«{p30}»'
"secret-key": "«{w}»"
the password is «{w}»
password is "«{w}»"
Password: «{p10}»
my password: «{w}»
Username: bob / Password: «{w}»
user bob with password «{w}»
"""
