/*
 * Tells Tocsin that a ticket of its has changed. A business rule of ServiceNow: "async", after insert and update, on the table
 * of the tickets, with the condition "Correlation display starts with Tocsin". See README.md beside this file.
 * It runs on Rhino: ECMAScript 5, no modules.
 */
(function executeRule(current, previous /* null when async */) {
  'use strict';

  // https://<notifier>/v1/callbacks/<subscription>
  var endpoint = gs.getProperty('tocsin.webhook.url');
  // Of the type "password2", so that it is kept encrypted; the same as the channel's webhookSecret.
  var secret = gs.getProperty('tocsin.webhook.secret');
  if (!endpoint || !secret) {
    gs.warn('Tocsin: set the properties tocsin.webhook.url and tocsin.webhook.secret.');
    return;
  }

  // Nothing but which ticket it is: Tocsin reads the rest with its own rights.
  var body = JSON.stringify({
    table: String(current.getTableName()),
    sys_id: String(current.getUniqueValue()),
    sys_mod_count: String(current.getValue('sys_mod_count')),
  });
  var timestamp = String(Math.floor(new GlideDateTime().getNumericValue() / 1000));
  var mac = new GlideCertificateEncryption();
  // The key goes in as Base64, and the signature comes out as Base64.
  var signature = 'v1=' + mac.generateMac(GlideStringUtil.base64Encode(secret), 'HmacSHA256', timestamp + '.' + body);

  try {
    var request = new sn_ws.RESTMessageV2();
    request.setEndpoint(endpoint);
    request.setHttpMethod('POST');
    request.setRequestHeader('Content-Type', 'application/json');
    request.setRequestHeader('X-Tocsin-Timestamp', timestamp);
    request.setRequestHeader('X-Tocsin-Signature', signature);
    request.setRequestBody(body);
    request.setHttpTimeout(10000);
    var status = request.execute().getStatusCode();
    // What is not taken is found by polling, where the channel has "poll".
    if (status < 200 || status > 299) gs.warn('Tocsin answered ' + status + ' for ' + current.getDisplayValue());
  } catch (error) {
    gs.warn('Tocsin could not be told of ' + current.getDisplayValue() + ': ' + error);
  }
})(current, previous);
